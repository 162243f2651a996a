/** The part of the configuration file about scheduled backups. */
import type { BackupSchedule } from "../instance/scheduled-backups.ts";
import { usageError } from "./command-failure.ts";
import { duration, integer, list, mapping, pathFrom, text } from "./field-readers.ts";
import type { FieldReader, Fields } from "./field-readers.ts";

interface BackupFields {
  directory: string;
  every: number;
  keep: number;
  recipients: readonly string[];
  passphraseFile: string;
}
export type BackupFile = Fields<BackupFields>;

const hourMs = 60 * 60 * 1000;
const everyMsDefault = 24 * hourMs;
const keepDefault = 14;

export function backupReader(directory: string): FieldReader<BackupFile> {
  const path = pathFrom(directory);
  const read = mapping<BackupFields>({
    directory: path,
    every: duration({ minMs: 60_000, maxMs: 366 * 24 * hourMs }),
    keep: integer({ min: 1, max: 10_000 }),
    recipients: list(
      text((recipient) => (/^age1[0-9a-z]+$/.test(recipient) ? recipient : undefined), "a recipient of age: age1..."),
    ),
    passphraseFile: path,
  });
  return (value, place) => {
    const file = read(value, place);
    if (file.directory === undefined) throw usageError(`${place}.directory must be given`);
    if ((file.recipients === undefined) === (file.passphraseFile === undefined)) {
      throw usageError(`one of ${place}.recipients and ${place}.passphraseFile must be given`);
    }
    if (file.recipients?.length === 0) throw usageError(`${place}.recipients must name somebody`);
    return file;
  };
}

/** What the server is told. */
export function backupSchedule(file: BackupFile | undefined): BackupSchedule | undefined {
  if (file?.directory === undefined) return undefined;
  const { directory, every: everyMs = everyMsDefault, keep = keepDefault, recipients = [], passphraseFile } = file;
  const whom =
    passphraseFile === undefined
      ? ({ type: "recipients", recipients } as const)
      : ({ type: "passphrase", passphraseFile } as const);
  return { directory, everyMs, keep, for: whom };
}
