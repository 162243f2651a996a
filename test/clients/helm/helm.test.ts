/**
 * Helm, which keeps its releases as Secrets: a release's whole life with a real helm
 * where there is one, and with what it was recorded to ask everywhere.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dirname, join } from "node:path";
import { openInstance } from "../../../src/instance/instance.ts";
import { openDataStore } from "../../../src/instance/data-store.ts";
import { startTestServer } from "../../running-server.ts";
import type { TestServer } from "../../running-server.ts";
import { readRecording, recordedVersions, sessionOf } from "../recording/recording-file.ts";
import { Replay } from "../recording/replay.ts";
import { Helm, findHelm } from "./helm.ts";
import { releaseSteps } from "./steps.ts";

const recording = readRecording(new URL("recorded.json", import.meta.url));
const versions = recordedVersions(recording);

test("There are recordings of Helm 3 and Helm 4", () => {
  assert.deepEqual(versions.map((version) => version.split(".")[0]).toSorted(), ["helm 3", "helm 4"]);
});

describe("What Helm asked is answered as it was", () => {
  for (const version of versions) {
    test(`by ${version}`, async () => {
      await using replay = new Replay(await startTestServer());
      for (const step of sessionOf(recording, version)) await replay.play(step);
    });
  }
});

const binary = findHelm();
if (binary === undefined) {
  console.log("no helm on this machine (PATH, or the variable HELM): what it was recorded to ask is sent instead");
} else {
  test(`Helm ${binary.version} installs, upgrades, rolls back and uninstalls, and its releases keep no versions`, async () => {
    await using server = await startTestServer();
    await using helm = await Helm.for(binary, server.kubeconfig);
    let secrets: { type: string; uid: string }[] = [];
    for (const step of releaseSteps) {
      if (step.args[0] === "uninstall") secrets = await secretsOf(server);
      await helm.step(step);
    }
    const kept = await ownKeysOf(server);
    const keptOf = (type: string) =>
      secrets.filter((secret) => secret.type === type).map(({ uid }) => kept.some((key) => key.includes(uid)));
    assert.deepEqual(keptOf("Opaque"), [true], "the secret of the chart has its versions");
    assert.deepEqual(keptOf("helm.sh/release.v1"), [false, false, false, false], "a release has none");
  });
}

async function secretsOf(server: TestServer): Promise<{ type: string; uid: string }[]> {
  const { json } = await server.call("GET", "/api/v1/namespaces/apps/secrets");
  return json.items.map((item: { type: string; metadata: { uid: string } }) => ({
    type: item.type,
    uid: item.metadata.uid,
  }));
}

/** Stops the server and reads the keys of its own records: versions and trash among them. */
async function ownKeysOf(server: TestServer): Promise<string[]> {
  await server.stop();
  const instance = await openInstance(server.dataDir, {
    type: "file",
    path: join(dirname(server.dataDir), "root.key"),
  });
  await using data = await openDataStore(server.dataDir, instance.rootKey, {}, (error) => assert.ifError(error));
  const { records } = await data.store.range("/strongroom/");
  return records.map(({ key }) => key);
}
