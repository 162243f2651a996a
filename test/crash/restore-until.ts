/** Restores a backup and is killed on the way: after a step, or after so many bytes of the file. */
import { createReadStream } from "node:fs";
import { Redacted } from "../../src/crypto/redacted.ts";
import { restoreBackup } from "../../src/instance/backups.ts";
import { placeIn } from "../backup/backup-place.ts";

const [, , folder = "", file = "", identity = "", until = ""] = process.argv;

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

async function* cut(): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 4096 })) {
    bytes += chunk.length;
    if (bytes > Number(until)) die();
    yield chunk;
  }
}

const key = { type: "identities", identities: new Redacted([identity]) } as const;
await restoreBackup(placeIn(folder), { file: cut(), key }, (step) => {
  if (step === until) die();
});
