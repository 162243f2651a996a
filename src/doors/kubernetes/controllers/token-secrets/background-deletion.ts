import type { DeleteOptions } from "../../validation/options.ts";

/** Deletes the object of this uid, and no other of its name; with a version, only as it was then. */
export function backgroundDeletion(uid: string, resourceVersion?: string): DeleteOptions {
  return {
    dryRun: false,
    gracePeriodSeconds: undefined,
    propagationPolicy: undefined,
    orphanDependents: undefined,
    preconditions: { uid, resourceVersion },
    ignoreStoreReadError: false,
  };
}
