/** What client-go was recorded to ask, sent again: `node test/clients/go/record.ts` makes the recording. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createNamespace } from "../../support/api-objects.ts";
import { startTestServer } from "../../running-server.ts";
import { readRecording, recordedVersions, sessionOf } from "../recording/recording-file.ts";
import { Replay } from "../recording/replay.ts";

const recording = readRecording(new URL("recorded.json", import.meta.url));
const versions = recordedVersions(recording);

test("There is a recording of client-go", () => {
  assert.match(versions.join(), /^client-go 0\.\d+/);
});

for (const version of versions) {
  describe(`What ${version} asked is answered as it was`, { concurrency: 2 }, () => {
    for (const task of sessionOf(recording, version)) {
      test(task.title, async () => {
        const server = await startTestServer();
        await using replay = new Replay(server);
        await createNamespace(server, "go");
        await replay.play(task);
      });
    }
  });
}
