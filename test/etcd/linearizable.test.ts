/** Each key of the etcd door is one register, whatever many clients do with it at the same time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isLinearizable } from "../support/linearizability.ts";
import { startEtcdServer } from "./etcd-server.ts";
import { grpcClient } from "./grpc-client.ts";
import { RegisterLoad, seeded } from "./register-load.ts";

const connections = 4;
const clients = 16;
const operations = 2000;
const timeMsMax = 20_000;

test("What sixteen clients saw of each key, by reads, puts, swaps and deletions, can have happened one after the other", async () => {
  await using etcd = await startEtcdServer();
  const { etcdUrl, credentials } = etcd.server;
  const keys = Array.from({ length: 8 }, (_, index) => `/registry/secrets/default/register-${index}`);
  const load = new RegisterLoad(keys, seeded(20261125));
  const connected = Array.from({ length: connections }, () => grpcClient(etcdUrl, credentials));
  const endMs = performance.now() + timeMsMax;
  const work = async (client: (typeof connected)[number]) => {
    while (load.count < operations && performance.now() < endMs) assert.ok(await load.step(client));
  };
  await Promise.all(
    Array.from({ length: clients }, (_, index) => work(connected[index % connections] ?? assert.fail())),
  );
  for (const client of connected) await client[Symbol.asyncDispose]();
  assert.ok(load.count >= 500, `${load.count} operations`);
  for (const history of load.histories) {
    assert.equal(isLinearizable(history), true);
    const swaps = history.filter(({ does }) => does.type === "swap" && does.answer?.succeeded === true).length;
    assert.ok(swaps > history.length / 40, `${swaps} of ${history.length} were swaps that succeeded`);
    const overlapping = history.filter(
      (each, index) => (history[index + 1]?.called ?? Infinity) < each.returned,
    ).length;
    assert.ok(overlapping > 0, "some must be on their way together");
  }
});

test("The same check refuses what the clients saw when one answer in it is another", async () => {
  await using etcd = await startEtcdServer();
  const load = new RegisterLoad(["/registry/secrets/default/register"], seeded(1));
  await using client = grpcClient(etcd.server.etcdUrl, etcd.server.credentials);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (load.count < 200) await load.step(client);
    }),
  );
  const [history = []] = load.histories;
  assert.equal(isLinearizable(history), true);
  const first = history.find(({ does }) => does.type === "read" && does.seen.mod > 0);
  const last = history.findLast(({ does }) => does.type === "read");
  if (first === undefined || last === undefined) return assert.fail("there must be reads");
  const stale = history.map((each) => (each === last ? { ...last, does: first.does } : each));
  assert.equal(isLinearizable(stale), false);
  const swapped = history.find(({ does }) => does.type === "swap" && does.answer?.succeeded === true);
  const without = history.filter((each) => each !== swapped);
  assert.equal(isLinearizable(without), false);
});
