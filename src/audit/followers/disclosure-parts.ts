/** A record of many disclosures as several, so that none is longer than receivers take: nothing is left out. */
import type { AuditEvent } from "../audit-event.ts";
import type { AuditEntry } from "../audit-log.ts";
import { disclosuresOf } from "../disclosures.ts";
import type { RecordedDisclosure } from "../disclosures.ts";

/** Names, uids and versions of so many are some 20 KiB. */
export const disclosuresMax = 100;

/** An entry, or a piece of one, with its disclosures one by one. */
export interface EntryPart {
  readonly position: number;
  readonly event: AuditEvent & { readonly disclosed?: readonly RecordedDisclosure[] };
  /** Undefined where the entry is whole. */
  readonly part: { readonly part: number; readonly parts: number } | undefined;
}

export function parts({ position, event }: AuditEntry): EntryPart[] {
  const { disclosed: _, ...rest } = event;
  const disclosures = disclosuresOf(event);
  if (disclosures.length === 0) return [{ position, event: rest, part: undefined }];
  const count = Math.ceil(disclosures.length / disclosuresMax);
  return Array.from({ length: count }, (__, index) => ({
    position,
    event: { ...rest, disclosed: disclosures.slice(index * disclosuresMax, (index + 1) * disclosuresMax) },
    part: count === 1 ? undefined : { part: index + 1, parts: count },
  }));
}
