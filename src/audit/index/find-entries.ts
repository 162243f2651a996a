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
    const isAsked = askedFor(filter, part);
    for await (const batch of part.batches) {
      for (const row of rowsWithin(batch, { from, to, filter })) {
        const position = batch.positions[row] ?? 0;
        if (position === positions.at(-1) || !(await isAsked(batch.circumstances[row] ?? 0))) continue;
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

/** Rows name few circumstances: each is looked at once for a part. */
function askedFor(filter: EntryFilter, part: ListPart): (number: number) => boolean | Promise<boolean> {
  const known = new Map<number, boolean>();
  return (number) => known.get(number) ?? look(number);
  async function look(number: number): Promise<boolean> {
    const asked = isAskedFor(filter, await part.circumstance(number));
    known.set(number, asked);
    return asked;
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
