/**
 * The server is killed in the middle of a cascade of deletions, as often as it takes; in the end there is what would
 * be there without the kills. Where it is killed is chance: after a deletion that a watch has told of.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { Program, TestHome } from "../cli/program.ts";
import { connectTo, credentialsOf } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { openWatch } from "../support/watch-stream.ts";

const dependents = 200;
const kills = 2;
const secrets = "/api/v1/namespaces/default/secrets";

/** A server as a process, and a client of it. */
async function start(home: TestHome) {
  const program = new Program(home, ["serve", "--listen", "127.0.0.1:0"]);
  const url = await program.ready();
  const kubeconfig = join(home.at(".local", "share", "strongroom"), "admin.kubeconfig");
  const call = await connectTo(url, kubeconfig);
  const server = { url, credentials: await credentialsOf(kubeconfig) };
  return { program, server, call };
}

type Client = Awaited<ReturnType<typeof start>>;

async function create({ call }: Client, name: string, ownerReferences: object[]): Promise<Answer["json"]> {
  const answer = await call("POST", secrets, { body: { metadata: { name, ownerReferences }, stringData: { k: "v" } } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

const isDone: Record<string, (items: Answer["json"][]) => boolean> = {
  Background: (items) => items.length === 0,
  Foreground: (items) => items.length === 0,
  Orphan: (items) => items.length === dependents && items.every(({ metadata }) => !("ownerReferences" in metadata)),
};

/** Follows the secrets until `enough` changes have come or nothing is left to do; returns whether the latter. */
async function follow(client: Client, policy: string, enough: number): Promise<boolean> {
  const list = (await client.call("GET", secrets)).json;
  const items = new Map<string, Answer["json"]>(list.items.map((item: Answer["json"]) => [item.metadata.name, item]));
  const query = `watch=true&resourceVersion=${list.metadata.resourceVersion}`;
  await using watch = await openWatch(client.server, `${secrets}?${query}`);
  for (let changes = 0; changes < enough; changes++) {
    if (isDone[policy]?.([...items.values()]) === true) return true;
    const { type, object } = await watch.next();
    if (type === "DELETED") items.delete(object.metadata.name);
    else items.set(object.metadata.name, object);
  }
  return false;
}

for (const propagationPolicy of ["Background", "Foreground", "Orphan"]) {
  test(`A cascade (${propagationPolicy}) goes on where kill -9 cut it off`, async () => {
    using home = new TestHome();
    let client = await start(home);
    try {
      const { metadata } = await create(client, "owner", []);
      const reference = {
        apiVersion: "v1",
        kind: "Secret",
        name: "owner",
        uid: metadata.uid,
        blockOwnerDeletion: true,
      };
      await Promise.all(Array.from({ length: dependents }, (_, n) => create(client, `d-${n}`, [reference])));
      const options = { body: { propagationPolicy } };
      assert.equal((await client.call("DELETE", `${secrets}/owner`, options)).status, 200);
      for (let kill = 0; kill < kills; kill++) {
        await follow(client, propagationPolicy, randomInt(1, Math.floor(dependents / (kills + 1))));
        client.program.kill("SIGKILL");
        await client.program.ended;
        client = await start(home);
      }
      assert.equal(await follow(client, propagationPolicy, Infinity), true);
      assert.equal((await client.call("GET", `${secrets}/owner`)).status, 404);
    } finally {
      await client.program[Symbol.asyncDispose]();
    }
  });
}
