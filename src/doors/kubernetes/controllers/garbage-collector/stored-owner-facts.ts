import { foregroundFinalizer } from "../../../../core/owners/object-links.ts";
import type { OwnerFacts } from "../../../../core/owners/owner-facts.ts";
import type { JsonObject } from "../../codec/json.ts";
import type { Kind } from "../../kinds/kind.ts";
import { apiVersionOf } from "../../response/encode-object.ts";
import type { KindStorage } from "../../storage/kind-storage.ts";
import { stringField, stringsField } from "../../validation/object-fields.ts";

/** Facts of the owners in our own store; what is known are the kinds this server serves. */
export function storedOwnerFacts(kinds: readonly Kind[], storage: (kind: Kind) => KindStorage): OwnerFacts {
  return {
    async owner(reference, namespace) {
      const kind = kinds.find((one) => one.kind === reference.kind && apiVersionOf(one) === reference.apiVersion);
      if (kind === undefined) return { type: "unknown-kind" };
      if (kind.namespaced && namespace === "") return { type: "no-namespace" };
      const owner = await storage(kind).get(kind.namespaced ? namespace : "", reference.name);
      if (owner === undefined) return { type: "absent" };
      const metadata = owner.metadata();
      return {
        type: "present",
        uid: stringField(metadata, "uid"),
        waitsForDependents: waitsForDependents(metadata),
      };
    },
  };
}

/** Whether an object with this metadata is being deleted and goes only after its dependents. */
export function waitsForDependents(metadata: Readonly<JsonObject>): boolean {
  return (
    stringField(metadata, "deletionTimestamp") !== "" &&
    stringsField(metadata, "finalizers").includes(foregroundFinalizer)
  );
}
