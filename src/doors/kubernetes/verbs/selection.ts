/** Which objects a list, a watch or a deletecollection is about. */
import { badRequest } from "../api-error.ts";
import { isJsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { parseFieldSelector } from "../selector/field-selector.ts";
import type { FieldSelector } from "../selector/field-selector.ts";
import { parseLabelSelector } from "../selector/label-selector.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { isPathSegment } from "./verb-context.ts";

export interface Selection {
  /** True when every object matches. */
  readonly everything: boolean;
  /** The one name that can match, when the field selector says so. */
  readonly name: string | undefined;
  /** The one namespace that can match, when the field selector says so. */
  readonly namespace: string | undefined;
  /** The one secret that objects can tell of, when the field selector says so; of kinds that tell of secrets. */
  readonly ofSecret: string | undefined;
  /** What the storage looks for by itself, of kinds whose storage does. */
  readonly selected: Readonly<Record<string, string>> | undefined;
  matches(object: StoredObject): boolean;
}

/** Parses the selectors of a request with its query; raises 400 with the parser's text. */
export function parseSelection(
  kind: Kind,
  selectors: { readonly labelSelector: string; readonly fieldSelector: string },
  query: URLSearchParams,
): Selection {
  const labels = parse(() => parseLabelSelector(selectors.labelSelector));
  const fields = parse(() => parseFieldSelector(selectors.fieldSelector, new Set(kind.fieldSelectors.keys())));
  // Pages of what is not counted do not say how much follows.
  const isCounted = kind.tellsOfSecrets === undefined && kind.found === undefined;
  const everything = isCounted && selectors.labelSelector === "" && selectors.fieldSelector === "";
  const secretField = kind.tellsOfSecrets?.secretField;
  return {
    everything,
    name: keyPart(fields.exactMatch("metadata.name")),
    namespace: keyPart(fields.exactMatch("metadata.namespace")),
    ofSecret: secretField === undefined ? undefined : keyPart(fields.exactMatch(secretField)),
    selected: kind.found && selectedOf(fields, [...kind.found.parameters.keys()], query),
    matches(object) {
      if (everything) return true;
      const header = object.header();
      const objectLabels = object.metadata()["labels"];
      return (
        labels.matches(isJsonObject(objectLabels) ? objectLabels : undefined) &&
        (kind.found !== undefined || fields.matches((field) => kind.fieldSelectors.get(field)?.(header) ?? ""))
      );
    },
  };
}

function selectedOf(
  { requirements }: FieldSelector,
  parameters: readonly string[],
  query: URLSearchParams,
): Readonly<Record<string, string>> {
  const selected = new Map<string, string>();
  for (const { field, operator, value } of requirements) {
    if (operator === "!=" || selected.has(field)) throw badRequest(`${field} must be selected once, by ${field}=VALUE`);
    if (field !== "metadata.name") selected.set(field, value);
  }
  for (const name of parameters) {
    const value = query.get(name);
    if (value !== null) selected.set(name, value);
  }
  return Object.fromEntries(selected);
}

/** What cannot be a part of a key is no shortcut to an object; the filter then finds that nothing matches. */
function keyPart(value: string | undefined): string | undefined {
  return value !== undefined && value !== "" && isPathSegment(value) ? value : undefined;
}

function parse<T>(parser: () => T): T {
  try {
    return parser();
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : "the selector must be valid");
  }
}
