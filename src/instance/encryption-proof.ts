/** Whether anything is left under a key, from what was counted: the facts of a statement, or the reason why there is none. */
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { NotedKey } from "./encryption-keys.ts";
import { recordPlaces } from "./encryption-census.ts";
import type { StatementFacts, StatementPlace } from "./encryption-statement.ts";
import type { Examination } from "./encryption-status.ts";

/** Files of the data directory that values are in under keys of the configuration. Everything else there is under the root key. */
const searchedFiles = ["store/data.mdb"];

export interface CountedKey {
  readonly form: string;
  readonly time: string;
  /** Of this form, one for each secret that it had. */
  readonly noted: readonly NotedKey[];
  readonly examined: Examination;
}

/** Raises `not-found` for a key that is not known, and `invalid`, with counts, when it writes or anything is left. */
export function statementFacts({ form, time, noted, examined }: CountedKey): StatementFacts {
  const keys = examined.keys.filter((key) => key.form === form);
  const [first] = keys;
  if (first === undefined) {
    const must = `the key ${form} must be one of the configuration, or one that was and is not forgotten`;
    throw new StrongroomError("not-found", `${must}: strongroom encryption status names them`);
  }
  if (keys.some(({ state }) => state === "writes")) throw stillIn(form, "it writes");
  const left = leftUnder(form, examined);
  if (Object.values(left).some((count) => count > 0)) throw stillIn(form, textOf(left));
  const { leftBehind, freeSpace: basis } = first;
  if (leftBehind === undefined || basis === undefined)
    throw stillIn(form, `free space cannot be searched for it: ${anew}`);
  if (leftBehind > 0) throw stillIn(form, `${leftBehind} copies in free space: ${anew}`);
  const { resources, files, revision } = examined;
  const sum = (field: "records" | "superseded") => resources.reduce((total, count) => total + count[field], 0);
  return {
    time,
    revision,
    key: form,
    keyDigests: noted.flatMap(({ id }) => (id.length > form.length ? [id.slice(form.length + 1)] : [])),
    left: { ...left, freeSpace: leftBehind },
    counted: { records: sum("records"), superseded: sum("superseded"), fileBytes: files.bytes, files: searchedFiles },
    freeSpace: { basis, fileWrittenAt: files.writtenAnew?.time, fileRevision: files.writtenAnew?.revision },
  };
}

const anew = "stop the server and run strongroom encryption defragment";

function stillIn(form: string, why: string): StrongroomError {
  return new StrongroomError("invalid", `nothing must be left under ${form} for a statement: ${why}`);
}

function leftUnder(form: string, { resources }: Examination): Record<StatementPlace, number> {
  const own = resources.filter((count) => count.form === form);
  const current = recordPlaces.map((place) => [place, own.reduce((sum, { places }) => sum + places[place], 0)]);
  const superseded = own.reduce((sum, count) => sum + count.superseded, 0);
  return { ...Object.fromEntries(current), superseded, freeSpace: 0 } as Record<StatementPlace, number>; // has each place
}

function textOf(left: Record<StatementPlace, number>): string {
  return Object.entries(left)
    .filter(([, count]) => count > 0)
    .map(([place, count]) => `${count} ${place === "superseded" ? "superseded revisions" : `records of ${place}`}`)
    .join(", ");
}
