/** One backup, or one restore, of a data directory that no server uses, in a process of its own: what it takes in time and memory. */
import { createReadStream, statSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { newIdentity } from "../../src/backup/age-file.ts";
import { createPrivateFile } from "../../src/crypto/private-file.ts";
import { Redacted } from "../../src/crypto/redacted.ts";
import { backupOf, restoreBackup } from "../../src/instance/backups.ts";
import type { BackupPlace } from "../../src/instance/backups.ts";
import { memoryOf } from "../child-process.ts";
import { entryOptions, tell } from "./entry.ts";

export interface BackupOptions {
  readonly place: BackupPlace;
  readonly file: string;
  /** The identity that opens the file; without it a backup is made, and told of with an identity. */
  readonly identity?: string;
}

export interface BackupReport {
  readonly secondsTaken: number;
  readonly identity: string;
  readonly bytes: number;
  /** Growth of anonymous memory at its highest. */
  readonly grownMiB: number;
  readonly longestGapMs: number;
}

const { place, file, identity } = entryOptions<BackupOptions>();
const made = await newIdentity(); // loads what everything needs, before anything is measured
const before = memoryOf(process.pid).anonMiB;
let highest = before;
const sampling = setInterval(() => (highest = Math.max(highest, memoryOf(process.pid).anonMiB)), 20);
const gaps = monitorEventLoopDelay({ resolution: 1 });
gaps.enable();
const startedMs = performance.now();
if (identity === undefined) {
  await createPrivateFile(file, backupOf(place, { type: "recipients", recipients: [made.recipient] }));
} else {
  const key = { type: "identities", identities: new Redacted([identity]) } as const;
  await restoreBackup(place, { file: createReadStream(file, { highWaterMark: 1024 * 1024 }), key });
}
const secondsTaken = (performance.now() - startedMs) / 1000;
clearInterval(sampling);
gaps.disable();
tell({
  secondsTaken,
  identity: made.identity.reveal(),
  bytes: statSync(file).size,
  grownMiB: highest - before,
  longestGapMs: gaps.max / 1e6,
} satisfies BackupReport);
process.disconnect();
