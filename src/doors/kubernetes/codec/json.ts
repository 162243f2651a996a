/**
 * JSON trees as the Kubernetes door handles them.
 *
 * Objects have NO prototype (`Object.create(null)`), so that a key named
 * `__proto__` or `constructor` is a key like any other. Everything that builds
 * or copies a tree keeps that: use {@link jsonObject}, never `{}`.
 */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** A new object without prototype, with the given entries in order. */
export function jsonObject(entries: Iterable<readonly [string, JsonValue]> = []): JsonObject {
  const object = Object.create(null) as JsonObject; // Object.create is typed any
  for (const [key, value] of entries) object[key] = value;
  return object;
}

/** Whether a value is a JSON object (not an array, not null). */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A deep copy that keeps objects without prototype. */
export function cloneJson<T extends JsonValue>(value: T): T {
  return cloneValue(value) as T; // cloneValue returns the shape it is given
}

function cloneValue(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(cloneValue);
  if (!isJsonObject(value)) return value;
  const copy = jsonObject();
  for (const key of Object.keys(value)) copy[key] = cloneValue(value[key] ?? null);
  return copy;
}

/** Deep equality; the order of keys does not matter, the order of lists does. */
export function equalJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equalJson(item, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equalJson(a[key], b[key]));
}
