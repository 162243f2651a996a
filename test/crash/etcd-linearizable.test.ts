/** The server is killed under clients of the etcd door and comes back: each key is still one register, before and after. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHome } from "../cli/program.ts";
import type { GrpcClient } from "../etcd/grpc-client.ts";
import { RegisterLoad, seeded } from "../etcd/register-load.ts";
import { isLinearizable } from "../support/linearizability.ts";
import { startEtcdProgram } from "./etcd-program.ts";

const kills = 3;
const clients = 16;
const operationsPerLife = 400;

/** Every client goes on until it is not answered, or enough was done. */
async function workUntilKilled(load: RegisterLoad, connected: readonly GrpcClient[], enough: number, kill: () => void) {
  await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const client = connected[index % connected.length] ?? assert.fail();
      while (await load.step(client)) if (load.count >= enough) kill();
    }),
  );
}

test("What clients saw before, during and after kill -9 can have happened one after the other, what was not answered late or never", async () => {
  using home = new TestHome();
  const keys = Array.from({ length: 8 }, (_, index) => `/registry/secrets/default/register-${index}`);
  const load = new RegisterLoad(keys, seeded(8));
  for (let life = 1; life <= kills; life++) {
    const { program, connect } = await startEtcdProgram(home);
    const connected = [connect(), connect()];
    await workUntilKilled(load, connected, life * operationsPerLife, () => program.kill("SIGKILL"));
    await program.ended;
    for (const client of connected) await client[Symbol.asyncDispose]();
  }
  const { program, connect } = await startEtcdProgram(home);
  await using _ = program;
  await using client = connect();
  const enough = load.count + 10 * keys.length;
  while (load.count < enough) assert.ok(await load.step(client));
  for (const history of load.histories) assert.equal(isLinearizable(history), true);
  const unanswered = load.histories.flat().filter(({ returned }) => returned === Infinity).length;
  assert.ok(unanswered > 0, "some must have been on their way when it was killed");
});
