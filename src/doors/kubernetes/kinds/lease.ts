/**
 * The kind Lease of coordination.k8s.io: who holds a role among many, and until when.
 *
 * Source: k/k pkg/registry/coordination/lease/strategy.go (with coordinated leader
 * election off, as it is by default) and pkg/printers/internalversion/printers.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { validateLease } from "../validation/lease.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { objectField, stringField } from "../validation/object-fields.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";

const holderColumn: Column = {
  name: "Holder",
  type: "string",
  format: "",
  description: "Who holds the lease.",
  priority: 0,
  cell: (lease) => stringField(objectField(lease, "spec"), "holderIdentity"),
};

/** The kind Lease. Not to be confused with the store's TTL leases. */
export const leaseKind: Kind = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  listKind: "LeaseList",
  resource: "leases",
  singular: "lease",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [],
  schema: message("coordination-v1", "Lease"),
  listSchema: message("coordination-v1", "LeaseList"),
  columns: [nameColumn, holderColumn, ageColumn],
  fieldSelectors: namespacedSelectors,
  validateName: nameIsDnsSubdomain,
  strategy: {
    ...plainStrategy,
    prepareForCreate: (lease) => dropElection(lease, {}),
    prepareForUpdate: (next, previous) => dropElection(next, objectField(previous, "spec")),
    validate: validateLease,
    validateUpdate: (next) => validateLease(next),
    allowUnconditionalUpdate: false,
    allowCreateOnUpdate: true,
  },
};

/** The fields of a feature that is off stay only where they are already. */
function dropElection(lease: JsonObject, stored: Readonly<JsonObject>): void {
  const spec = lease["spec"];
  if (!isJsonObject(spec)) return;
  for (const field of ["strategy", "preferredHolder"]) if (!(field in stored)) delete spec[field];
}
