/**
 * The official Python client: typed and dynamic, in pages, with watches and the loop of
 * a controller - really where there are Python and its packages, and everywhere with
 * what it was recorded to ask (`node test/clients/python/record.ts`).
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, describe, test } from "node:test";
import { create, createNamespace, secret, secretsIn, sendPatch } from "../../support/api-objects.ts";
import { compacted } from "../../support/compacted-server.ts";
import { startTestServer } from "../../running-server.ts";
import { startLastingAddress } from "../lasting-address.ts";
import { readRecording, recordedVersions, sessionOf } from "../recording/recording-file.ts";
import { Replay } from "../recording/replay.ts";
import { PythonPeer, peerTasks } from "./peer.ts";

const recording = readRecording(new URL("recorded.json", import.meta.url));

describe("What the Python client asked is answered as it was", () => {
  for (const version of recordedVersions(recording)) {
    for (const task of sessionOf(recording, version)) {
      test(`${version}: ${task.title}`, async () => {
        const server = await startTestServer();
        await using replay = new Replay(server);
        await createNamespace(server, "python");
        await replay.play(task);
      });
    }
  }
});

const peer = await PythonPeer.install();
if (typeof peer === "string") console.log(`the Python client is not tested on this machine: ${peer}`);
else {
  after(() => peer[Symbol.asyncDispose]());
  describe("The Python client is answered as by any Kubernetes API server", { concurrency: 2 }, () => {
    for (const [task, prints] of peerTasks) {
      test(task, async () => {
        await using server = await startTestServer();
        await createNamespace(server, "python");
        assert.deepEqual(await peer.run(server.kubeconfig, task), prints);
      });
    }
  });
  test("A controller's loop in Python follows through a restart and the loss of history", () => followThrough(peer));
}

async function followThrough(python: PythonPeer): Promise<void> {
  let server = await startTestServer();
  await using address = await startLastingAddress(server);
  const path = secretsIn("python");
  await createNamespace(server, "python");
  await create(server, path, secret("a"));
  const child = spawn(python.python, python.arguments(address.kubeconfig, "follow"), {
    env: python.environment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  try {
    assert.equal(await next(), "listed a");
    await create(server, path, secret("b"));
    assert.equal(await next(), "ADDED b");

    address.hold(); // the client gives up where it is refused
    server = await server.restart();
    await create(server, path, secret("c"));
    address.leadTo(server);
    assert.equal(await next(), "ADDED c", "the watch goes on from the version it had come to");

    await sendPatch(server, "merge", `${path}/a`, { stringData: { k: "v" } });
    assert.equal(await next(), "MODIFIED a");
    address.hold();
    server = await compacted(server);
    await server.call("DELETE", `${path}/a`);
    server = await compacted(server);
    address.leadTo(server);
    assert.equal(await next(), "410");
    assert.equal(await next(), "listed b c");
    await server.call("DELETE", `${path}/b`);
    assert.equal(await next(), "DELETED b");
  } finally {
    const exited = once(child, "exit");
    child.stdin.end();
    await exited;
    await server[Symbol.asyncDispose]();
  }
}
