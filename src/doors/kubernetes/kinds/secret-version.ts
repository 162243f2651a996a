/** The kind SecretVersion: the history of secrets. Values are had by the subresource `value`, which is a right of its own. */
import type { JsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { numberField, objectField, objectsField, stringField, stringsField } from "../validation/object-fields.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind } from "./kind.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";
import { strongroomGroup } from "./strongroom-group.ts";

/** The subresource whose readers see the values of a version. */
export const valueSubresource = "value";

const text = (name: string, field: string, description: string, priority = 0): Column => ({
  name,
  type: "string",
  format: "",
  description,
  priority,
  cell: (version) => stringField(version, field),
});

const columns: readonly Column[] = [
  nameColumn,
  text("Secret", "secret", "The Secret."),
  {
    name: "Version",
    type: "integer",
    format: "",
    description: "The number of the version.",
    priority: 0,
    cell: (version) => numberField(version, "version"),
  },
  {
    name: "Current",
    type: "boolean",
    format: "",
    description: "Whether these are the values that the Secret has now.",
    priority: 0,
    cell: (version) => version["current"] === true,
  },
  text("Author", "author", "Who wrote it."),
  {
    name: "Keys",
    type: "integer",
    format: "",
    description: "How many keys it has.",
    priority: 0,
    cell: (version) => objectsField(version, "keys").length,
  },
  {
    name: "Changes",
    type: "string",
    format: "",
    description: "Keys that are new (+), have another value (~) or are gone (-) since the version before.",
    priority: 0,
    cell: changesCell,
  },
  text("Door", "door", "Through which door.", 1),
  ageColumn,
];

function changesCell(version: JsonObject): string {
  const again = numberField(version, "again");
  if (again > 0) return `again v${again}`;
  const changes = objectField(version, "changes");
  if (version["changes"] === undefined) return "<unknown>";
  const marked = (mark: string, field: string) => stringsField(changes, field).map((key) => `${mark}${key}`);
  const all = [...marked("+", "added"), ...marked("~", "changed"), ...marked("-", "removed")];
  return all.length <= cellKeysMax ? all.join(" ") : `${all.slice(0, cellKeysMax).join(" ")} ...`;
}

const cellKeysMax = 5;

/** The kind SecretVersion. */
export const secretVersionKind: Kind = {
  group: strongroomGroup,
  version: "v1",
  kind: "SecretVersion",
  listKind: "SecretVersionList",
  resource: "secretversions",
  singular: "secretversion",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ["get", "list"],
  subresources: [{ name: valueSubresource, verbs: ["get"], strategy: plainStrategy }],
  tellsOfSecrets: { valuesBy: valueSubresource, secretField: "secret" },
  schema: message("strongroom-versions-v1", "SecretVersion"),
  listSchema: message("strongroom-versions-v1", "SecretVersionList"),
  columns,
  fieldSelectors: new Map([
    ...namespacedSelectors,
    ["secret", (version: JsonObject) => stringField(version, "secret")],
    ["current", (version: JsonObject) => String(version["current"] === true)],
    ["author", (version: JsonObject) => stringField(version, "author")],
  ]),
  validateName: nameIsDnsSubdomain,
  strategy: plainStrategy,
};
