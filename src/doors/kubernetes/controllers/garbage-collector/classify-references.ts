import type { OwnerReference } from "../../../../core/owners/object-links.ts";
import type { OwnerFacts } from "../../../../core/owners/owner-facts.ts";

/** Owner references by what they lead to. Source: k/k pkg/controller/garbagecollector (classifyReferences). */
export interface ClassifiedReferences {
  /** The owner exists and does not wait for its dependents. */
  readonly solid: readonly OwnerReference[];
  /** No object has that kind, name and uid. */
  readonly dangling: readonly OwnerReference[];
  /** The owner is being deleted in the foreground. */
  readonly waiting: readonly OwnerReference[];
}

/**
 * Looks every reference of an object up. Undefined when one of them cannot be decided - its kind is not known, or
 * it is a namespaced owner of an object outside of namespaces: such an object is left alone, as upstream leaves it.
 */
export async function classifyReferences(
  facts: OwnerFacts,
  references: readonly OwnerReference[],
  namespace: string,
): Promise<ClassifiedReferences | undefined> {
  const found = { solid: [] as OwnerReference[], dangling: [] as OwnerReference[], waiting: [] as OwnerReference[] };
  for (const reference of references) {
    const fact = await facts.owner(reference, namespace);
    switch (fact.type) {
      case "unknown-kind":
      case "no-namespace":
        return undefined;
      case "absent":
        found.dangling.push(reference);
        break;
      case "present":
        if (fact.uid !== reference.uid) found.dangling.push(reference);
        else if (fact.waitsForDependents) found.waiting.push(reference);
        else found.solid.push(reference);
        break;
      default:
        return fact satisfies never;
    }
  }
  return found;
}
