/**
 * A backup of many secrets and the restore of it, against durable puts of 1 KiB on the bare engine in the same minutes, record by record;
 * and whether their memory grows with what there is.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runEntry } from "../child-process.ts";
import type { BackupReport } from "../entries/backup.ts";
import type { EngineReport } from "../entries/engine.ts";
import type { Figure, Section } from "../report.ts";
import { createWorkspace } from "../workspace.ts";

const writers = 64;
const valueBytes = 1024;
/** A secret's current record, payload and promotion. */
const recordsPerSecret = 3;

interface Round {
  readonly create: BackupReport;
  readonly restore: BackupReport;
}

export async function measureBackup(quick: boolean): Promise<Section> {
  const count = quick ? 20_000 : 100_000;
  const small = await backupAndRestore(count / 10);
  const large = await backupAndRestore(count);
  await using workspace = await createWorkspace();
  const directory = join(workspace.directory, "engine");
  await mkdir(directory);
  const { put } = await runEntry<EngineReport>("engine", { directory, seconds: quick ? 4 : 12, writers });
  const figures = (["create", "restore"] as const).flatMap((what): Figure[] => {
    const { secondsTaken, bytes, grownMiB, longestGapMs } = large[what];
    const perSecond = (count * recordsPerSecret) / secondsTaken;
    return [
      {
        name: `${what}: records a second`,
        value: perSecond / put.perSecond,
        unit: "x the engine's puts",
        goal: { relation: ">=", value: 0.3 },
        detail: `${secondsTaken.toFixed(1)} s, ${perSecond.toFixed(0)} records/s, ${(bytes / 2 ** 20).toFixed(0)} MiB; ${put.perSecond.toFixed(0)} puts/s`,
      },
      {
        name: `${what}: growth of anonymous memory (RssAnon)`,
        value: grownMiB,
        unit: "MiB",
        goal: { relation: "<", value: 256 },
        detail: `${small[what].grownMiB.toFixed(0)} MiB for a tenth of the secrets`,
      },
      { name: `${what}: longest event-loop gap`, value: longestGapMs, unit: "ms" },
    ];
  });
  return { name: `Backup of ${count.toLocaleString("en-US")} secrets of 1 KiB, to a recipient`, figures };
}

async function backupAndRestore(count: number): Promise<Round> {
  await using workspace = await createWorkspace();
  await runEntry("seed", { config: workspace.config, prefix: "kept", count, valueBytes });
  const file = join(workspace.directory, "backup.age");
  const { dataDir, rootKey } = workspace.config;
  const create = await runEntry<BackupReport>("backup", { place: { dataDir, rootKey }, file });
  await rm(dataDir, { recursive: true });
  const place = {
    dataDir: join(workspace.directory, "restored"),
    rootKey: { type: "file", path: join(workspace.directory, "restored.key") },
  };
  const restore = await runEntry<BackupReport>("backup", { place, file, identity: create.identity });
  return { create, restore };
}
