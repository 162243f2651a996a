/** Strongroom is killed under a real kube-apiserver that has 64 writers, and watchers. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Program, TestHome } from "../cli/program.ts";
import { callerOf, credentialsOf } from "../running-server.ts";
import type { RealApiserver } from "../support/real-apiserver.ts";
import { ApiserverWatcher } from "./apiserver-watcher.ts";
import { allowCluster, clusterFiles, startBeneath } from "./beneath-cluster.ts";
import type { ClusterFiles } from "./beneath-cluster.ts";

const writers = 64;
const watchers = 16;
const kills = 3;
const secrets = "/api/v1/namespaces/default/secrets";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  server.close();
  await once(server, "close");
  return port;
}

/** Always at the same address, as an API server is told one. */
async function serve(home: TestHome, files: ClusterFiles, port: number) {
  const config = home.at("strongroom.yaml");
  const lines = ["apiVersion: strongroom.dev/v1alpha1", "kind: ServerConfiguration", "audit:", "  reserve: 1Mi"];
  lines.push("etcd:", `  listen: 127.0.0.1:${port}`, "  clusters:", "    - name: prod");
  lines.push(`      clientAuthoritiesFile: ${files.authoritiesFile}`);
  writeFileSync(config, `${lines.join("\n")}\n`);
  const place = ["--data-dir", "data", "--root-key-file", "root.key", "--config", config];
  const program = new Program(home, ["serve", "--listen", "127.0.0.1:0", ...place]);
  const url = await program.ready();
  return { program, url, credentials: await credentialsOf(join(home.at("data"), "admin.kubeconfig")) };
}

/** Creates and changes by many at once, until so many were acknowledged and `end` says so. */
class Writers {
  /** The last value that was acknowledged of each. */
  readonly acknowledged = new Map<string, string>();
  count = 0;
  readonly #cluster: RealApiserver;
  readonly #round: number;
  #stopped = false;
  #onCount = () => {};
  readonly #done: Promise<unknown>;

  constructor(cluster: RealApiserver, round: number) {
    this.#cluster = cluster;
    this.#round = round;
    this.#done = Promise.all(Array.from({ length: writers }, (_, writer) => this.#write(writer)));
  }

  async until(count: number): Promise<void> {
    while (this.count < count) await new Promise<void>((resolve) => (this.#onCount = resolve));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #write(writer: number): Promise<void> {
    for (let index = 0; !this.#stopped; index++) {
      const name = `r${this.#round}-w${writer}-${index}`;
      const create = { metadata: { name }, data: { value: base64("1") } };
      if (!(await this.#acknowledged("POST", secrets, create))) continue;
      this.#told(name, "1");
      const change = { metadata: { name }, data: { value: base64("2") } };
      // Whether it was made although it was not acknowledged, nobody knows.
      this.acknowledged.delete(name);
      if (await this.#acknowledged("PUT", `${secrets}/${name}`, change)) this.#told(name, "2");
    }
  }

  #acknowledged(method: string, path: string, object: object): Promise<boolean> {
    return this.#cluster.call(method, path, { apiVersion: "v1", kind: "Secret", ...object }).then(
      () => true,
      () => false,
    );
  }

  #told(name: string, value: string): void {
    this.acknowledged.set(name, value);
    this.count += 1;
    this.#onCount();
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

interface SecretList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly data: { readonly value: string };
  }[];
}

export function killsBeneathApiserver(): void {
  test(
    "A kube-apiserver goes on when Strongroom is killed under 64 writers and comes back: what was acknowledged is there, and watchers are told",
    { timeout: 280_000 },
    async () => {
      using home = new TestHome();
      await using files = await clusterFiles();
      const port = await freePort();
      let server = await serve(home, files, port);
      await using _ = { [Symbol.asyncDispose]: () => server.program[Symbol.asyncDispose]() };
      const admin = callerOf(server.url, server.credentials);
      await allowCluster(admin.call);
      admin.close();
      await using cluster = await startBeneath(`https://127.0.0.1:${port}`, files, server.credentials.ca);
      const watching = Array.from({ length: watchers }, () => new ApiserverWatcher(cluster, secrets));
      let acknowledged = 0;
      for (let round = 0; round < kills; round++) {
        const load = new Writers(cluster, round);
        await load.until(200);
        server.program.kill("SIGKILL");
        await server.program.ended;
        server = await serve(home, files, port);
        // It serves again, to the same writers, without having been started anew.
        await load.until(load.count + 100);
        await load.stop();
        const listed = (await cluster.call("GET", secrets)) as SecretList;
        const left = new Map(listed.items.map(({ metadata, data }) => [metadata.name, data?.value ?? ""]));
        const lost = Array.from(load.acknowledged).filter(([name, value]) => left.get(name) !== base64(value));
        assert.deepEqual(lost, []);
        // Each comes to know what there is.
        const isTold = (known: ReadonlyMap<string, string>) =>
          known.size === left.size && Array.from(left).every(([name, value]) => known.get(name) === value);
        await Promise.all(watching.map((watcher) => watcher.until(isTold)));
        acknowledged += load.count;
        await assertWatchGoesOn(cluster, `after-${round}`);
      }
      await Promise.all(watching.map((watcher) => watcher.stop()));
      assert.ok(acknowledged >= kills * 300);
    },
  );
}

async function assertWatchGoesOn(cluster: RealApiserver, name: string): Promise<void> {
  const args = ["--kubeconfig", cluster.kubeconfig, "get", "secrets", "--watch-only", "-o", "name"];
  const child = spawn("kubectl", [...args, "-v=6"]);
  try {
    // It says so when its watch has been answered.
    for await (const line of createInterface({ input: child.stderr })) if (/watch=true.*200 OK/.test(line)) break;
    child.stderr.resume();
    await cluster.call("POST", secrets, { apiVersion: "v1", kind: "Secret", metadata: { name } });
    for await (const line of createInterface({ input: child.stdout })) if (line === `secret/${name}`) return;
    assert.fail("the watch must tell of what is written");
  } finally {
    child.kill();
  }
}
