import type { KeyObject } from "node:crypto";
import type { AuditEvent, RecordKind } from "../audit-event.ts";

/** Something to make durable: an entry, or only what is due. */
export type Item =
  | { readonly kind: RecordKind; readonly line: string; readonly event: AuditEvent }
  | { readonly kind: "checkpoint" | "sync" }
  | { readonly kind: "retention"; readonly before: number; readonly line: string; readonly event: AuditEvent }
  | { readonly kind: "key"; readonly signingKey: KeyObject };

/** What counts by the checkpoint behind it. */
export const mustBeSigned: ReadonlySet<Item["kind"]> = new Set(["retention", "key"]);

/** The entry before which all are about to be deleted, of several retentions that of the most; undefined without any. */
export function deletedBefore(items: readonly Item[]): number | undefined {
  const firsts = items.flatMap((item) => (item.kind === "retention" ? [item.before] : []));
  return firsts.length === 0 ? undefined : Math.max(...firsts);
}
