/**
 * The kind Secret.
 *
 * Source: k/k pkg/registry/core/secret/strategy.go, pkg/apis/core/v1/defaults.go
 * and pkg/printers/internalversion/printers.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { encodeText, mergeStringData, removeDroppedStringData } from "../patch/secret-string-data.ts";
import { Secret, SecretList } from "../schema/core-v1.ts";
import { PartialObjectMetadata } from "../schema/partial-metadata.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { metadataOf, objectField, stringField } from "../validation/object-fields.ts";
import { secretTypes, validateSecret, validateSecretUpdate } from "../validation/secret.ts";
import { isWithheld } from "../validation/withheld-annotation.ts";
import { tlsPairWarning } from "../validation/tls-pair-warning.ts";
import { rollback } from "../verbs/rollback.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { metadataSubresource, resourceVerbs } from "./kind.ts";

const columns: readonly Column[] = [
  nameColumn,
  {
    name: "Type",
    type: "string",
    format: "",
    description: "What the Secret is for, which tells programs how to read its data.",
    priority: 0,
    cell: (secret) => stringField(secret, "type"),
  },
  {
    name: "Data",
    type: "string", // upstream declares a string and sends the number of keys
    format: "",
    description: "How many keys the Secret's data has.",
    priority: 0,
    cell: (secret) => (isWithheld(secret) ? "<withheld>" : Object.keys(objectField(secret, "data")).length),
  },
  ageColumn,
];

const strategy: Strategy = {
  prepareForCreate: (secret) => inheritType(secret, secretTypes.opaque),
  // A PUT or a merge that leaves the type out means the stored one.
  prepareForUpdate: (next, previous) => inheritType(next, stringField(previous, "type") || secretTypes.opaque),
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
  warnings: secretWarnings,
  allowUnconditionalUpdate: true,
  allowCreateOnUpdate: false,
};

/** Secrets: named values that only few may read. */
export const secretKind: Kind = {
  group: "",
  version: "v1",
  kind: "Secret",
  listKind: "SecretList",
  resource: "secrets",
  singular: "secret",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [
    {
      name: metadataSubresource,
      // Lists and watches are those of secrets, in a form without values.
      verbs: ["get", "list", "watch"],
      answer: { group: "meta.k8s.io", version: "v1", kind: "PartialObjectMetadata", schema: PartialObjectMetadata },
      strategy,
    },
    { name: "rollback", verbs: ["create"], strategy, action: rollback, answer: rollback },
  ],
  valuesIn: "data",
  schema: Secret,
  listSchema: SecretList,
  columns,
  fieldSelectors: new Map([
    ["metadata.name", (secret: JsonObject) => stringField(metadataOf(secret), "name")],
    ["metadata.namespace", (secret: JsonObject) => stringField(metadataOf(secret), "namespace")],
    ["type", (secret: JsonObject) => stringField(secret, "type")],
  ]),
  internalize: mergeStringData,
  preparePatch: removeDroppedStringData,
  foldsInto: new Map([["stringData", { field: "data", fold: encodeText }]]),
  validateName: nameIsDnsSubdomain,
  strategy,
};

function inheritType(secret: JsonObject, type: string): void {
  if (stringField(secret, "type") === "") secret["type"] = type;
}

function secretWarnings(secret: JsonObject): string[] {
  if (stringField(secret, "type") !== secretTypes.tls) return [];
  const data = objectField(secret, "data");
  const [certificate, key] = ["tls.crt", "tls.key"].map((name) => Buffer.from(stringField(data, name), "base64"));
  if (certificate === undefined || key === undefined) return [];
  const warning = tlsPairWarning(certificate, key);
  return warning === undefined ? [] : [warning];
}
