/**
 * Admission: the last word on a change, after authorization and merging.
 * Source: kubernetes/apiserver pkg/admission.
 */
import type { Attributes, Decision } from "../access/authorizer.ts";
import type { User } from "../identity/user.ts";

/** The request that a change belongs to: the same one for each time it is admitted. */
export interface RequestLife {
  /** Calls back when the request is over, whatever became of it; its writes, if any, are in the store then. */
  onEnd(callback: () => void): void;
}

export interface AdmissionOperation {
  readonly user: User;
  readonly operation: "create" | "update" | "delete";
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** The door's own trees, for plugins of that door; undefined for a delete (next) or a create (previous). */
  readonly next: unknown;
  readonly previous: unknown;
  /** The name in the request, which a POST has none of. */
  readonly requestedName: string;
  /** The verb of the request: of an update it is update or patch. */
  readonly requestedVerb: string;
  readonly request: RequestLife;
  /** Where the request came from. */
  readonly origin: NonNullable<Attributes["origin"]>;
  /** Tells the caller something beside the answer. */
  readonly warn: (text: string) => void;
  /** Adds to the record of the request. */
  readonly annotate: (key: string, value: string) => void;
  /** What the gate's authorizer says of rights beyond that to the request. */
  readonly decide: (attributes: Attributes) => Promise<Decision>;
}

/** What whoever changes something says of it; the gate adds the rest. */
export type AdmissionRequest = Omit<
  AdmissionOperation,
  "user" | "requestedName" | "requestedVerb" | "request" | "origin" | "warn" | "annotate" | "decide"
>;

export interface Admission {
  /** Resolves to let the change pass; raises what forbids it. */
  admit(operation: AdmissionOperation): Promise<void>;
}

/** Asks each plugin in order; the first refusal ends it. */
export function admissionChain(plugins: readonly Admission[]): Admission {
  return {
    async admit(operation) {
      for (const plugin of plugins) await plugin.admit(operation);
    },
  };
}
