import type { DeleteOptions } from "../../validation/options.ts";

/** Deletes the object of this uid, and no other of its name. */
export function backgroundDeletion(uid: string): DeleteOptions {
  return {
    dryRun: false,
    gracePeriodSeconds: undefined,
    propagationPolicy: undefined,
    orphanDependents: undefined,
    preconditions: { uid, resourceVersion: undefined },
    ignoreStoreReadError: false,
  };
}
