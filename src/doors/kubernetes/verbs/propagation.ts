/**
 * What a deletion means for the dependents of the object, said by one of two
 * finalizers that the garbage collector takes off: `orphan` (they stay, without
 * the reference) and `foregroundDeletion` (they go first). Neither: they go after.
 *
 * Source: apiserver pkg/registry/generic/registry/store.go
 * (deletionFinalizersForGarbageCollection, shouldOrphanDependents, shouldDeleteDependents).
 */
import { foregroundFinalizer, orphanFinalizer } from "../../../core/owners/object-links.ts";
import type { DeleteOptions } from "../validation/options.ts";

type Propagation = Pick<DeleteOptions, "propagationPolicy" | "orphanDependents">;

/**
 * The finalizers of an object once it is deleted with these options. What the options say counts; without a word of
 * theirs, the finalizer that the object already has. The list is the one given when it would hold the same names.
 */
export function finalizersOfDeleted(finalizers: readonly string[], options: Propagation): readonly string[] {
  const wanted = collectorFinalizer(finalizers, options);
  const others = finalizers.filter((name) => name !== orphanFinalizer && name !== foregroundFinalizer);
  const next = wanted === undefined ? others : [...others, wanted];
  const had = new Set(finalizers);
  const same = had.size === new Set(next).size && next.every((name) => had.has(name));
  return same ? finalizers : next;
}

function collectorFinalizer(finalizers: readonly string[], options: Propagation): string | undefined {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? orphanFinalizer : undefined;
  switch (options.propagationPolicy) {
    case "Orphan":
      return orphanFinalizer;
    case "Foreground":
      return foregroundFinalizer;
    case "Background":
      return undefined;
    default:
      return finalizers.find((name) => name === orphanFinalizer || name === foregroundFinalizer);
  }
}
