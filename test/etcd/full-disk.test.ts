/** A server with an etcd door whose disk runs full for real. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PutRequest, RangeRequest } from "../../src/doors/etcd/messages/kv.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../../src/store/embedded/conformance/small-disk.ts";
import { startTestServer } from "../running-server.ts";
import { grpcClient } from "./grpc-client.ts";

const key = (name: string) => Buffer.from(`/registry/secrets/default/${name}`);

test(
  "On a full disk writes are refused in etcd's words, reads go on, and writes too when there is space again",
  { skip: whyNoSmallDisk() },
  async () => {
    using disk = mountSmallDisk();
    const ballast = join(disk.path, "ballast");
    writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024));
    const cluster = { name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile: undefined };
    const server = await startTestServer({
      dataDir: disk.path,
      audit: { reserveBytes: 256 * 1024, reads: "synced" },
      etcd: { host: "127.0.0.1", port: 0, clusters: [cluster] },
    });
    try {
      await using client = grpcClient(server.etcdUrl, server.credentials);
      const put = (name: string) => {
        const value = Buffer.concat([Buffer.from("k8s:enc:"), randomBytes(64 * 1024)]);
        return client.unary("/etcdserverpb.KV/Put", PutRequest.encode({ key: key(name), value }));
      };
      let written = 0;
      let answer = await put("s-0");
      while (answer.status === 0 && written < 200) answer = await put(`s-${++written}`);
      assert.deepEqual([answer.status, answer.message], [8, "etcdserver: mvcc: database space exceeded"]);
      assert.ok(written > 5, `${written} were written`);
      const read = await client.unary("/etcdserverpb.KV/Range", RangeRequest.encode({ key: key("s-1") }));
      assert.equal(read.status, 0, read.message);
      rmSync(ballast);
      // While the disk is known to be full, it is looked once a second whether it still is.
      const untilMs = performance.now() + 10_000;
      do answer = await put("again");
      while (answer.status === 8 && performance.now() < untilMs);
      assert.equal(answer.status, 0, answer.message);
    } finally {
      await server.stop();
    }
  },
);
