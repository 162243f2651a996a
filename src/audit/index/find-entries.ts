/** Finds entries by the index: a page of their positions at a time. */
import type { AuditEntry, AuditLogReader } from "../audit-log.ts";
import type { AuditIndex, ListPart } from "./audit-index.ts";
import { isAskedFor, isWithin, termOf } from "./entry-filter.ts";
import type { EntryFilter } from "./entry-filter.ts";
import type { RowBatch } from "./rows.ts";

export interface FoundEntries {
  /** In the order of the log. */
  readonly positions: readonly number[];
  /** Entries before this position were looked through; where it is `to`, all were. */
  readonly next: number;
}

/** The first entries from a position on and before another that are asked for, at most `limit`. Raises `corrupt`. */
export async function findEntries(
  index: AuditIndex,
  filter: EntryFilter,
  { from, to, limit }: { readonly from: number; readonly to: number; readonly limit: number },
): Promise<FoundEntries> {
  const { sinceMs = -Infinity, untilMs = Infinity } = filter;
  const window = { positionMin: from, positionMax: to - 1, timeMsMin: sinceMs, timeMsMax: untilMs };
  await using list = index.list(termOf(filter), window);
  const positions: number[] = [];
  for (const part of list.parts) {
    const asked = new Map<number, boolean>();
    for await (const batch of part.batches) {
      const rows = [...rowsWithin(batch, { from, to, filter })];
      await learn(
        asked,
        rows.map((row) => batch.circumstances[row] ?? 0),
        { filter, part },
      );
      for (const row of rows) {
        const position = batch.positions[row] ?? 0;
        if (position === positions.at(-1) || asked.get(batch.circumstances[row] ?? 0) !== true) continue;
        if (positions.length === limit) return { positions, next: position };
        positions.push(position);
      }
    }
  }
  return { positions, next: to };
}

function* rowsWithin(
  { count, positions, timesMs }: RowBatch,
  { from, to, filter }: { readonly from: number; readonly to: number; readonly filter: EntryFilter },
): Generator<number> {
  for (let row = 0; row < count; row++) {
    const position = positions[row] ?? 0;
    if (position >= from && position < to && isWithin(filter, timesMs[row] ?? 0)) yield row;
  }
}

/** Rows name few circumstances: each is looked at once for a part, in the order in which they stand in it. */
async function learn(
  asked: Map<number, boolean>,
  numbers: readonly number[],
  { filter, part }: { readonly filter: EntryFilter; readonly part: ListPart },
): Promise<void> {
  const unknown = new Set(numbers.filter((number) => !asked.has(number)));
  for (const number of [...unknown].sort((a, b) => a - b)) {
    asked.set(number, isAskedFor(filter, await part.circumstance(number)));
  }
}

/** Entries that are so near to each other are read at once. */
const nearby = 64;

/** The entries at these positions, which ascend; those that the log still has. */
export async function* readEntries(
  log: Pick<AuditLogReader, "entries">,
  positions: readonly number[],
): AsyncGenerator<AuditEntry> {
  for (let start = 0; start < positions.length;) {
    let end = start + 1;
    while (end < positions.length && (positions[end] ?? 0) - (positions[end - 1] ?? 0) <= nearby) end++;
    const wanted = new Set(positions.slice(start, end));
    const [from, to] = [positions[start] ?? 0, (positions[end - 1] ?? 0) + 1];
    for await (const entry of log.entries(from, to)) if (wanted.has(entry.position)) yield entry;
    start = end;
  }
}
