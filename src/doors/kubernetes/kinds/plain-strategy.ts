/** What most kinds have in common, to be spread into a kind's own table. */
import type { JsonObject } from "../codec/json.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import type { Kind, Strategy } from "./kind.ts";

/** A strategy without anything of its own: only `metadata` is checked. */
export const plainStrategy: Strategy = {
  prepareForCreate() {},
  prepareForUpdate() {},
  validate: () => [],
  validateUpdate: () => [],
  warnings: () => [],
  allowUnconditionalUpdate: true,
  allowCreateOnUpdate: false,
};

type FieldSelectors = Kind["fieldSelectors"];

/** The field selectors of every kind inside namespaces. */
export const namespacedSelectors: FieldSelectors = new Map([
  ["metadata.name", (object: JsonObject) => stringField(metadataOf(object), "name")],
  ["metadata.namespace", (object: JsonObject) => stringField(metadataOf(object), "namespace")],
]);
