/**
 * client-go, as every controller written in Go uses it: typed, dynamic and
 * metadata-only clients in JSON and protobuf, informers with and without watch-lists,
 * conflicts, leader election. Where Go is missing what it was recorded to ask is sent
 * all the same (recorded.test.ts).
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { create, createNamespace, secret, secretsIn, sendPatch } from "../../support/api-objects.ts";
import { compacted } from "../../support/compacted-server.ts";
import { startTestServer } from "../../running-server.ts";
import { startLastingAddress } from "../lasting-address.ts";
import { Follower, buildPeer, runTask } from "./peer.ts";
import { peerTasks } from "./tasks.ts";

const peer = await buildPeer();

test("The peer in Go is there, or it is said why it is not", () => {
  if (typeof peer === "string") console.log(`client-go is not tested on this machine: ${peer}`);
  assert.notEqual(peer, "");
});

if (typeof peer !== "string") {
  after(() => peer[Symbol.asyncDispose]());
  describe("client-go is answered as by any Kubernetes API server", { concurrency: 2 }, () => tasks(peer.program));
  test("Shared informers follow through a restart, broken connections and the loss of history", () =>
    followThroughAll(peer.program));
}

function tasks(program: string): void {
  for (const { arguments: task, prints } of peerTasks) {
    test(task.join(" in "), async () => {
      await using server = await startTestServer();
      await createNamespace(server, "go");
      assert.deepEqual(await runTask(program, server.kubeconfig, ...task), prints);
    });
  }
}

/** What an informer prints of a secret: that of metadata sees no values. */
interface Informer {
  readonly follower: Follower;
  readonly seesValues: boolean;
}

async function followThroughAll(program: string): Promise<void> {
  const server = await startTestServer();
  await using address = await startLastingAddress(server);
  await createNamespace(server, "go");
  await create(server, secretsIn("go"), secret("a", { stringData: { k: "1" } }));
  const start = (watchList: boolean, ...task: string[]): Informer => ({
    follower: new Follower(program, [address.kubeconfig, ...task], {
      KUBE_FEATURE_WatchListClient: String(watchList),
    }),
    seesValues: task[0] === "informer",
  });
  const informers = [false, true].flatMap((watchList) => [
    start(watchList, "informer", "json"),
    start(watchList, "informer", "protobuf"),
    start(watchList, "metadata-informer", "json"),
    start(watchList, "metadata-informer", "protobuf"),
  ]);
  let current = server;
  try {
    const all = (verb: string, name: string, value: string) =>
      Promise.all(
        informers.map(async ({ follower, seesValues }, index) => {
          const expected = `${verb} ${name}${seesValues ? ` k=${value}` : ""}`;
          assert.equal(await follower.next(), expected, `informer ${index}`);
        }),
      );
    await Promise.all(
      informers.map(async ({ follower }, index) => {
        const lines = [await follower.next(), await follower.next()].toSorted();
        assert.match(lines.join(), /^add a( k=1)?,synced go\/a$/, `informer ${index}`);
      }),
    );
    await create(current, secretsIn("go"), secret("b"));
    await all("add", "b", "");

    current = await current.restart();
    await create(current, secretsIn("go"), secret("c"));
    address.leadTo(current);
    await all("add", "c", "");

    address.cut();
    await sendPatch(current, "merge", `${secretsIn("go")}/a`, { stringData: { k: "2" } });
    await all("update", "a", "2");

    current = await compacted(current);
    await current.call("DELETE", `${secretsIn("go")}/b`);
    current = await compacted(current);
    address.leadTo(current);
    // It lists again, finds what is gone, and tells the rest once more, in any order.
    await Promise.all(
      informers.map(async ({ follower }, index) => {
        const lines = [await follower.next(), await follower.next(), await follower.next()].toSorted();
        assert.match(lines.join(), /^delete b( k=)?,update a( k=2)?,update c( k=)?$/, `informer ${index}`);
      }),
    );
    await create(current, secretsIn("go"), secret("d"));
    await all("add", "d", "");
  } finally {
    await Promise.all(informers.map(({ follower }) => follower[Symbol.asyncDispose]()));
    await current[Symbol.asyncDispose]();
  }
}
