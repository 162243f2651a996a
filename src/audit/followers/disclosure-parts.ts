/** A record of many disclosures as several, so that none is longer than receivers take: nothing is left out. */
import type { AuditEntry } from "../audit-log.ts";

/** Names, uids and versions of so many are some 20 KiB. */
export const disclosuresMax = 100;

export interface EntryPart extends AuditEntry {
  /** Empty where the entry is whole. */
  readonly part: { readonly part: number; readonly parts: number } | undefined;
}

export function parts(entry: AuditEntry): EntryPart[] {
  const { disclosed = [] } = entry.event;
  const count = Math.ceil(disclosed.length / disclosuresMax);
  if (count <= 1) return [{ ...entry, part: undefined }];
  return Array.from({ length: count }, (_, index) => ({
    position: entry.position,
    event: {
      ...entry.event,
      disclosed: disclosed.slice(index * disclosuresMax, (index + 1) * disclosuresMax),
    },
    part: { part: index + 1, parts: count },
  }));
}
