/**
 * What ten versions of kubectl ask for, sent again as recorded: the answers of this
 * server stay what those versions were seen to work with, also where there is no
 * such kubectl. `node test/kubectl/record.ts` makes the recording.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRecording, recordedVersions, sessionOf } from "../clients/recording/recording-file.ts";
import { Replay } from "../clients/recording/replay.ts";
import { startTestServer } from "../running-server.ts";

const recording = readRecording(new URL("recorded.json", import.meta.url));
const versions = recordedVersions(recording);

test("There are recordings of kubectl 1.20, 1.27 to 1.35", () => {
  assert.deepEqual(versions, ["1.20", ...[27, 28, 29, 30, 31, 32, 33, 34, 35].map((minor) => `1.${minor}`)]);
});

describe("What was recorded is answered as it was", { concurrency: 2 }, () => {
  for (const version of versions) {
    test(`by kubectl ${version}`, async () => {
      await using replay = new Replay(await startTestServer());
      for (const command of sessionOf(recording, version)) await replay.play(command);
    });
  }
});
