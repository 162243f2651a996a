declare const revisionBrand: unique symbol;

/**
 * A point in the store's history: one global, strictly increasing counter over
 * all keys, as etcd's. A safe integer inside the process; it leaves through a
 * door only in that protocol's own form (an opaque decimal string in
 * Kubernetes). 0 is "before everything" and, in a compare, "key absent".
 */
export type Revision = number & { readonly [revisionBrand]: true };

/** Checks and brands a number; raises RangeError unless it is a safe integer >= 0. */
export function toRevision(value: number): Revision {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`a revision must be a safe integer of at least 0, got ${value}`);
  }
  return value as Revision; // the one constructor of the brand
}

/** The revision before everything. */
export const revisionZero: Revision = toRevision(0);
