/**
 * The kind ServiceAccount.
 *
 * Source: k/k pkg/registry/core/serviceaccount/strategy.go and
 * pkg/printers/internalversion/printers.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { jsonObject } from "../codec/json.ts";
import { tokenRequest } from "../reviews/token-request.ts";
import { message } from "../schema/messages.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { metadataOf, objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";

const secretsColumn: Column = {
  name: "Secrets",
  type: "string", // upstream declares a string and sends a number
  format: "",
  description: "How many Secrets the account names.",
  priority: 0,
  cell: (account) => objectsField(account, "secrets").length,
};

const enforceAnnotation = "kubernetes.io/enforce-mountable-secrets";

const strategy: Strategy = {
  ...plainStrategy,
  prepareForCreate: keepSecretNames,
  prepareForUpdate: keepSecretNames,
  warnings: enforceWarnings,
};

/** ServiceAccounts: who the programs in a pod are. */
export const serviceAccountKind: Kind = {
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  listKind: "ServiceAccountList",
  resource: "serviceaccounts",
  singular: "serviceaccount",
  shortNames: ["sa"],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [
    { name: "token", verbs: ["create"], strategy: plainStrategy, review: tokenRequest, answer: tokenRequest },
  ],
  schema: message("core-v1", "ServiceAccount"),
  listSchema: message("core-v1", "ServiceAccountList"),
  columns: [nameColumn, secretsColumn, ageColumn],
  fieldSelectors: namespacedSelectors,
  validateName: nameIsDnsSubdomain,
  strategy,
};

/** Of the references to Secrets only the names are kept. */
function keepSecretNames(account: JsonObject): void {
  const secrets = objectsField(account, "secrets");
  if (secrets.length === 0) return;
  account["secrets"] = secrets.map((reference) => {
    const name = stringField(reference, "name");
    return jsonObject(name === "" ? [] : [["name", name]]);
  });
}

/** The annotation is deprecated; only setting it anew is worth a warning. */
function enforceWarnings(account: JsonObject, previous?: JsonObject): string[] {
  const has = (object: JsonObject) => enforceAnnotation in objectField(metadataOf(object), "annotations");
  if (!has(account) || (previous !== undefined && has(previous))) return [];
  return [
    `metadata.annotations[${enforceAnnotation}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
  ];
}
