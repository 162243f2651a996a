/**
 * What sight asks of a place where facts come from, and how such a place tells of changes.
 *
 * A source that can be followed is used so:
 *
 *     await using following = await source.follow(signal);
 *     const graph = buildGraph(following.facts);      // the state before the first change
 *     for await (const { changes } of following.changes) apply(changes);
 *
 * The caller owns `facts` and may change it. Nothing that was in `facts`, and no later change, is told twice; what
 * went away while the source was cut off is told as deleted when it is back.
 */
import type { FactSet } from "../facts/fact-set.ts";
import type { CoverageGap } from "../facts/coverage-gap.ts";
import type { Fact, FactKind, Problem } from "../facts/facts.ts";

/** A place where facts come from. */
export interface FactSource {
  /** Names it among several: a context, a path. */
  readonly id: string;
  /** What is there now. Raises only when nothing at all could be read; the rest is in the coverage. */
  read(signal: AbortSignal): Promise<FactSet>;
}

/** A source that also tells what changes. */
export interface FollowedSource extends FactSource {
  /** Reads what is there and follows it until `signal` is aborted or the following is disposed of. Raises as `read`. */
  follow(signal: AbortSignal): Promise<Following>;
}

export interface Following extends AsyncDisposable {
  /** What was there, before the first change. */
  readonly facts: FactSet;
  /**
   * What changed since, in batches that never are empty, each in the order in which it happened. To be read once. While
   * nobody takes batches, what is waiting is merged by object, and beyond a bound the source is read no further.
   * Ends, without raising, when the following ends: no fault of a cluster ends it.
   */
  readonly changes: AsyncIterable<FactChanges>;
}

export interface FactChanges {
  readonly changes: readonly FactChange[];
  /** When the last of them was seen. */
  readonly at: Date;
}

/**
 * - `put`: the fact is there now; it takes the place of every fact of its kind, namespace and name.
 * - `delete`: there is none of that kind, namespace and name any more.
 * - `gap`: something became unknown. Facts of it stay as they are, as the last that is known.
 * - `known`: the gap of that kind and namespace is closed, and the kind is listed there: what was not put is absent.
 * - `problem`: something could not be used, as in a {@link FactSet}.
 */
export type FactChange =
  | { readonly type: "put"; readonly fact: Fact }
  | { readonly type: "delete"; readonly kind: FactKind; readonly namespace: string; readonly name: string }
  | { readonly type: "gap"; readonly gap: CoverageGap }
  | { readonly type: "known"; readonly kind: FactKind; readonly namespace: string }
  | { readonly type: "problem"; readonly problem: Problem };
