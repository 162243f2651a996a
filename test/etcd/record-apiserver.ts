/**
 * Records what a real kube-apiserver asks the etcd door while kubectl creates, reads, changes and deletes Secrets through it:
 *
 *     KUBE_APISERVER=/path/of/kube-apiserver node test/etcd/record-apiserver.ts
 */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startTestServer } from "../running-server.ts";
import { makeCertificates } from "../support/certificates.ts";
import { clusterFiles, startBeneath } from "./beneath-cluster.ts";
import { recordDoor } from "./recording-door.ts";

const file = join(import.meta.dirname, "recorded-apiserver.json");

await using files = await clusterFiles();
const prod = { name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile: undefined };
await using server = await startTestServer({ etcd: { host: "127.0.0.1", port: 0, clusters: [prod] } });
const shown = makeCertificates();
await using door = await recordDoor(server.etcdUrl, server.credentials, shown.server);
await using cluster = await startBeneath(door.url, files, shown.ca.certPem);

// Not synchronously: the server is in this process.
const kubectl = (...args: readonly string[]) =>
  promisify(execFile)("kubectl", ["--kubeconfig", cluster.kubeconfig, ...args]);
await kubectl("create", "secret", "generic", "one", "--from-literal=user=ann", "--from-literal=password=first");
await kubectl("get", "secret", "one", "-o", "yaml");
await kubectl("patch", "secret", "one", "-p", '{"stringData":{"password":"second"}}');
await kubectl("label", "secret", "one", "tier=db");
for (const name of ["two", "three", "four"]) await kubectl("create", "secret", "generic", name, "--from-literal=k=v");
await kubectl("get", "secrets", "--chunk-size=2");
await kubectl("delete", "secret", "two");
await kubectl("get", "secrets", "-A");
await kubectl("delete", "secrets", "--all");

writeFileSync(file, `${JSON.stringify(door.said, undefined, 1)}\n`);
process.stderr.write(`${door.said.length} messages in ${file}\n`);
