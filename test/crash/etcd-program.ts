/** `strongroom serve` with an etcd door for the cluster prod, as a process that a test may kill and start again. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Program } from "../cli/program.ts";
import type { TestHome } from "../cli/program.ts";
import { grpcClient } from "../etcd/grpc-client.ts";
import { credentialsOf } from "../running-server.ts";

/** Resolves when it serves; `connect` makes a client of its door as the administrator. */
export async function startEtcdProgram(home: TestHome) {
  const config = home.at("strongroom.yaml");
  const lines = ["apiVersion: strongroom.dev/v1alpha1", "kind: ServerConfiguration", "audit:", "  reserve: 1Mi"];
  lines.push("etcd:", "  listen: 127.0.0.1:0", "  clusters:", "    - name: prod");
  writeFileSync(config, `${lines.join("\n")}\n`);
  const place = ["--data-dir", "data", "--root-key-file", "root.key", "--config", config];
  const program = new Program(home, ["serve", "--listen", "127.0.0.1:0", ...place]);
  await program.ready();
  const [, url = ""] = await program.printed(/^etcd door (https:\/\/\S+)$/m);
  const credentials = await credentialsOf(join(home.at("data"), "admin.kubeconfig"));
  return { program, connect: () => grpcClient(url, credentials) };
}
