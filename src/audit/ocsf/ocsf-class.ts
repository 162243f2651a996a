/**
 * Which class of OCSF 1.8 a record belongs to, and which activity it is: tables, one for each door's words, so that another door is
 * another table. Source: schema.ocsf.io/1.8.0, classes api_activity, authentication, entity_management.
 */
import type { AuditEvent } from "../audit-event.ts";

export interface OcsfClass {
  readonly uid: 6003 | 3002 | 3004;
  readonly name: string;
  readonly category: { readonly uid: 6 | 3; readonly name: string };
}

export const apiActivity: OcsfClass = {
  uid: 6003,
  name: "API Activity",
  category: { uid: 6, name: "Application Activity" },
};
const identity = { uid: 3, name: "Identity & Access Management" } as const;
export const authentication: OcsfClass = { uid: 3002, name: "Authentication", category: identity };
export const entityManagement: OcsfClass = { uid: 3004, name: "Entity Management", category: identity };

export interface OcsfActivity {
  readonly class: OcsfClass;
  readonly id: number;
  readonly name: string;
}

/** What a row of the table looks at; what is left out matches everything. */
interface Row {
  readonly code?: number;
  readonly door?: readonly string[];
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly verbs?: readonly string[];
  readonly class: OcsfClass;
  /** Undefined: by the verb. */
  readonly activity?: { readonly id: number; readonly name: string };
}

const other = 99;
const changes = ["create", "update", "patch", "delete", "deletecollection"];
const logon = { id: 1, name: "Logon" };
const ticket = { id: 3, name: "Authentication Ticket" };

/** The first that matches counts. */
const rows: readonly Row[] = [
  // Who was asked who they are and did not say it so that it counts.
  { code: 401, class: authentication, activity: logon },
  // A credential is handed out.
  { resource: "serviceaccounts", subresource: "token", verbs: ["create"], class: authentication, activity: ticket },
  { door: ["control-socket", "start", "data-directory"], verbs: ["create"], class: authentication, activity: ticket },
  // A credential is asked about.
  { group: "authentication.k8s.io", class: authentication, activity: { id: other, name: "Credential Review" } },
  // Who may do what is changed.
  { group: "rbac.authorization.k8s.io", verbs: changes, class: entityManagement },
  { group: "strongroom.dev", verbs: changes, class: entityManagement },
  { group: "certificates.k8s.io", verbs: changes, class: entityManagement },
  { group: "", resource: "serviceaccounts", subresource: "", verbs: changes, class: entityManagement },
  { class: apiActivity },
];

/** Create, Read, Update and Delete have the same numbers in both classes. */
const activityOfVerb: ReadonlyMap<string, { readonly id: number; readonly name: string }> = new Map([
  ["create", { id: 1, name: "Create" }],
  ["get", { id: 2, name: "Read" }],
  ["list", { id: 2, name: "Read" }],
  ["watch", { id: 2, name: "Read" }],
  ["head", { id: 2, name: "Read" }],
  ["update", { id: 3, name: "Update" }],
  ["patch", { id: 3, name: "Update" }],
  ["put", { id: 3, name: "Update" }],
  ["post", { id: 1, name: "Create" }],
  ["delete", { id: 4, name: "Delete" }],
  ["deletecollection", { id: 4, name: "Delete" }],
]);

/** Never nothing: what no table knows is activity "Other" of API Activity, under the verb's own name. */
export function ocsfActivity(event: AuditEvent): OcsfActivity {
  const row = rows.find((candidate) => matches(candidate, event)) ?? { class: apiActivity, activity: undefined };
  const activity = row.activity ?? activityOfVerb.get(event.verb) ?? { id: other, name: event.verb };
  return { class: row.class, ...activity };
}

function matches(row: Row, { responseStatus, door, objectRef, verb }: AuditEvent): boolean {
  if (row.code !== undefined && row.code !== responseStatus?.code) return false;
  if (row.door !== undefined && !row.door.includes(door)) return false;
  if (row.verbs !== undefined && !row.verbs.includes(verb)) return false;
  if (row.group !== undefined && (objectRef === undefined || row.group !== (objectRef.apiGroup ?? ""))) return false;
  if (row.resource !== undefined && row.resource !== objectRef?.resource) return false;
  return row.subresource === undefined || row.subresource === (objectRef?.subresource ?? "");
}
