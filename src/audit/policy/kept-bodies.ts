/**
 * Which bodies go on record, and in which form: those that the audit policy asks for, without values of secrets and tokens,
 * whatever the policy says (docs/adr/0024-audit-for-others.md).
 */
import { auditScope, isAtLeast } from "./audit-policy.ts";
import type { AuditPolicy, AuditedRequest } from "./audit-policy.ts";
import { holdsValues } from "./values-in-bodies.ts";

export type BodyName = "request" | "response";

/** `left out`: it is too large for a record. Undefined: it is not asked for. */
export type KeptBody = { readonly object: unknown } | "left out" | undefined;

/** `read` gives JSON, or undefined where the body is too large; it is called when the body is kept. */
export type KeepBody = (body: BodyName, read: () => string | undefined) => KeptBody;

/** What is kept of the bodies of a request; undefined for nothing. */
export type KeepBodies = (request: AuditedRequest) => KeepBody | undefined;

/** As much of a body as goes on record, in characters of JSON: the log is on the way of the answer. */
export const bodyCharactersMax = 256 * 1024;

/** Keeps what the policy says. Undefined when it never says anything, so that nothing is looked at for it. */
export function bodiesOf(policy: AuditPolicy): KeepBodies | undefined {
  if (!policy.rules.some(({ level }) => isAtLeast(level, "Request"))) return undefined;
  return (request) => {
    const { level, omitManagedFields } = auditScope(policy, request);
    if (!isAtLeast(level, "Request")) return undefined;
    const isMasked = holdsValues(request.resource);
    return (body, read) => {
      if (body === "response" && level !== "RequestResponse") return undefined;
      const text = read();
      if (text === undefined || text.length > bodyCharactersMax) return "left out";
      const parsed: unknown = JSON.parse(text);
      const object = omitManagedFields ? withoutManagedFields(parsed) : parsed;
      return { object: isMasked ? masked(object) : object };
    };
  };
}

function withoutManagedFields(value: unknown): unknown {
  if (!isMapping(value)) return value;
  const { metadata, items, rows } = value;
  return {
    ...value,
    ...(isMapping(metadata) && { metadata: withoutField(metadata, "managedFields") }),
    ...(Array.isArray(items) && { items: items.map(withoutManagedFields) }),
    ...(Array.isArray(rows) && {
      rows: rows.map((row: unknown) =>
        isMapping(row) && isMapping(row["object"]) ? { ...row, object: withoutManagedFields(row["object"]) } : row,
      ),
    }),
  };
}

function withoutField(mapping: Mapping, name: string): Mapping {
  return Object.fromEntries(Object.entries(mapping).filter(([key]) => key !== name));
}

/** What may be read of an object whose values may not: what it is. Everything that is not listed is a value. */
const plainFields = new Set(["apiVersion", "kind", "type", "immutable"]);
const plainMetadata = new Set([
  "name",
  "generateName",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
]);
/** Of an operation of a JSON patch. */
const plainOperation = new Set(["op", "path", "from"]);

const mask = "***";

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((operation) => maskedFields(operation, plainOperation));
  if (!isMapping(value)) return maskedValue(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      if (key === "metadata") return [key, maskedFields(field, plainMetadata)];
      if (key === "items" && Array.isArray(field)) return [key, field.map(masked)];
      return [key, plainFields.has(key) && !isContainer(field) ? field : maskedValue(field)];
    }),
  );
}

function maskedFields(value: unknown, plain: ReadonlySet<string>): unknown {
  if (!isMapping(value)) return maskedValue(value);
  return Object.fromEntries(
    Object.entries(value)
      // It repeats what was sent, key by key.
      .filter(([key]) => key !== "managedFields")
      .map(([key, field]) => [key, plain.has(key) && !isContainer(field) ? field : maskedValue(field)]),
  );
}

/** Names of fields stay (which keys were written is what one asks), everything in them goes. */
function maskedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskedValue);
  if (isMapping(value))
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, maskedValue(field)]));
  return value === null ? null : mask;
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isContainer(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
