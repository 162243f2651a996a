/** The authority of a cluster's etcd is changed while an API server is connected. */
import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { WatchCreateRequest, WatchRequest, WatchResponse } from "../../src/doors/etcd/messages/watch.ts";
import { startTestServer } from "../running-server.ts";
import { allowCluster, clusterFiles } from "./beneath-cluster.ts";
import type { ClusterFiles } from "./beneath-cluster.ts";
import { etcdctl } from "./etcd-server.ts";
import { grpcClient } from "./grpc-client.ts";

const inTimeMs = 20_000;

test(
  "A cluster's authorities count as they are in their file: others at once, former ones no longer, and a bad file changes nothing",
  { timeout: 60_000 },
  async () => {
    await using former = await clusterFiles();
    await using next = await clusterFiles();
    const file = join(former.folder, "clients.crt");
    await copyFile(former.authoritiesFile, file);
    const cluster = { name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile: file };
    await using server = await startTestServer({ etcd: { host: "127.0.0.1", port: 0, clusters: [cluster] } });
    await allowCluster(server.call);
    const asks = async (files: ClusterFiles) => {
      const shown = { ca: await files.trust(server.credentials.ca), cert: files.cert, key: files.key };
      return (await etcdctl(server.etcdUrl, shown, ["put", "/registry/secrets/default/a", "k8s:enc:x"])).code === 0;
    };
    const until = async (files: ClusterFiles, may: boolean) => {
      const endMs = performance.now() + inTimeMs;
      while ((await asks(files)) !== may) assert.ok(performance.now() < endMs, `it must come to be ${may}`);
    };
    assert.deepEqual([await asks(former), await asks(next)], [true, false]);

    const [cert, key] = [await readFile(former.cert, "utf8"), await readFile(former.key, "utf8")];
    await using client = grpcClient(server.etcdUrl, { ca: server.credentials.ca, cert, key });
    const watch = client.open("/etcdserverpb.Watch/Watch");
    const all = { key: Buffer.from("/registry/secrets/"), rangeEnd: Buffer.from("/registry/secrets0") };
    watch.send(WatchRequest.encode({ create: WatchCreateRequest.of(all) }));
    const told = async () => WatchResponse.decode((await watch.next()) ?? assert.fail("the watch ended"));
    assert.ok((await told()).created);

    const pem = async (files: ClusterFiles) => readFile(files.authoritiesFile, "utf8");
    await writeFile(file, `${await pem(former)}\n${await pem(next)}`);
    await until(next, true);
    assert.equal((await told()).events.length, 1, "who was connected goes on");
    await writeFile(file, "no certificate");
    assert.deepEqual([await asks(former), await asks(next)], [true, true]);
    await writeFile(file, await pem(next));
    await until(former, false);
    assert.ok(await asks(next));
    // What is open by an authority that counts no longer ends.
    while (!(await told()).canceled);
  },
);
