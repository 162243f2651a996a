/** The kind AuditEvent: the entries of the audit log. They are found by the index of the log, and reading them is on record too. */
import { message } from "../schema/messages.ts";
import type { JsonObject } from "../codec/json.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import {
  metadataOf,
  numberField,
  objectField,
  objectsField,
  stringField,
  stringsField,
} from "../validation/object-fields.ts";
import { nameColumn } from "./columns.ts";
import type { Column, Kind } from "./kind.ts";
import { plainStrategy } from "./plain-strategy.ts";
import { strongroomGroup } from "./strongroom-group.ts";

const column = (name: string, description: string, cell: Column["cell"], priority = 0): Column => ({
  name,
  type: "string",
  format: "",
  description,
  priority,
  cell,
});

const columns: readonly Column[] = [
  nameColumn,
  column("Time", "When it happened.", (event) => stringField(event, "stageTimestamp")),
  column("User", "Who did it; after an arrow, as whom.", userCell),
  column("Verb", "What they asked for.", (event) => stringField(event, "verb")),
  column("Object", "What it is about; how many secrets left with it, where it is more than that.", objectCell),
  column("Decision", "What was decided.", (event) =>
    stringField(objectField(event, "annotations"), "authorization.k8s.io/decision"),
  ),
  column("Code", "What was answered.", (event) => codeText(numberField(objectField(event, "responseStatus"), "code"))),
  column("Door", "By which protocol.", (event) => stringField(event, "door")),
  column("From", "Which address was connected.", (event) => stringsField(event, "sourceIPs").at(-1) ?? ""),
  column("Seen", "Where it was seen: here, or by which cluster, which says so.", seenCell),
  column("Stage", "Which stage of the request.", (event) => stringField(event, "stage"), 1),
  column("User-Agent", "What the client calls itself.", (event) => stringField(event, "userAgent"), 1),
];

function userCell(event: JsonObject): string {
  const user = stringField(objectField(event, "user"), "username");
  const impersonated = stringField(objectField(event, "impersonatedUser"), "username");
  return impersonated === "" ? user : `${user} -> ${impersonated}`;
}

function objectCell(event: JsonObject): string {
  const reference = objectField(event, "objectRef");
  const subresource = stringField(reference, "subresource");
  const resource = stringField(reference, "resource") + (subresource === "" ? "" : `/${subresource}`);
  const place = [stringField(reference, "namespace"), stringField(reference, "name")].filter((part) => part !== "");
  const disclosed = objectsField(event, "disclosed");
  const [only] = disclosed;
  if (disclosed.length > 1) return `${[resource, ...place].join(" ")} (${disclosed.length} secrets)`.trim();
  // What a watch received says by itself which secret it is.
  if (resource === "" && only !== undefined)
    return `secrets ${stringField(only, "namespace")}/${stringField(only, "name")}`;
  if (resource === "") return stringField(event, "requestURI");
  return place.length === 0 ? resource : `${resource} ${place.join("/")}`;
}

function seenCell(event: JsonObject): string {
  const cluster = stringField(objectField(event, "reported"), "cluster");
  return cluster === "" ? "here" : `cluster ${cluster}`;
}

function codeText(code: number): string {
  return code === 0 ? "" : String(code);
}

/** Read by the storage itself: what is asked of an entry may hold of one of those who received it. */
const foundByStorage = () => "";

const parameters = new Map([
  ["since", "Only what happened not before this time, in RFC 3339."],
  ["until", "Only what happened before this time, in RFC 3339."],
]);

/** The kind AuditEvent. */
export const auditEventKind: Kind = {
  group: strongroomGroup,
  version: "v1",
  kind: "AuditEvent",
  listKind: "AuditEventList",
  resource: "auditevents",
  singular: "auditevent",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: ["get", "list", "watch"],
  subresources: [],
  found: { parameters },
  schema: message("strongroom-audit-v1", "AuditEvent"),
  listSchema: message("strongroom-audit-v1", "AuditEventList"),
  columns,
  fieldSelectors: new Map([
    ["metadata.name", (event: JsonObject) => stringField(metadataOf(event), "name")],
    ...["secret", "user", "verb", "door", "decision"].map((field) => [field, foundByStorage] as const),
  ]),
  validateName: nameIsDnsSubdomain,
  strategy: plainStrategy,
};
