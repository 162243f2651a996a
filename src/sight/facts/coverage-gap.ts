/** What a source could not read, and what right was missing: nothing of it is ever taken for absent. */
import type { FactKind } from "./facts.ts";

/** A right on a resource, as a role grants it. */
export interface MissingRight {
  readonly verbs: readonly string[];
  /** "" is the core group. */
  readonly group: string;
  /** With the subresource, if any: `secrets`, `secrets/metadata`. */
  readonly resource: string;
  /** Where it is needed; "" for the whole cluster. */
  readonly namespace: string;
  /** The rule that grants it, as it stands in a ClusterRole (in a Role of the namespace, if there is one). */
  readonly rule: string;
}

export function missingRight(right: Omit<MissingRight, "rule">): MissingRight {
  const list = (words: readonly string[]) => `[${words.map((word) => JSON.stringify(word)).join(", ")}]`;
  const { verbs, group, resource } = right;
  return { ...right, rule: `{apiGroups: ${list([group])}, resources: ${list([resource])}, verbs: ${list(verbs)}}` };
}

/**
 * Why something was not read:
 * - `level`: it was not asked for, on purpose;
 * - `forbidden`: the cluster refused it, and `missing` is the right it would take;
 * - `failed`: the cluster did not answer, or with what cannot be used;
 * - `partial`: every name was read, but not all content. What is not there is absent.
 */
export type GapReason = "level" | "forbidden" | "failed" | "partial";

export interface CoverageGap {
  readonly kind: FactKind;
  /** The namespace in which it is unknown; "" for the whole cluster. */
  readonly namespace: string;
  readonly reason: GapReason;
  /** A sentence without its full stop, without values. */
  readonly message: string;
  readonly missing?: MissingRight;
  /** When what there is of it was last known to be true (RFC 3339): it is older than the rest of the answer. */
  readonly knownUntil?: string;
}

/** Names a gap among those of one source: a later one of the same name takes its place. */
export function gapKey({ kind, namespace }: Pick<CoverageGap, "kind" | "namespace">): string {
  return `${kind}\n${namespace}`;
}
