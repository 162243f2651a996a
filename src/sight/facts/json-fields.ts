/** Reads fields of objects of which nothing is assumed. */

/** The value of a field, or undefined where there is none. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[name]; // an object that has the field
  }
  return current;
}

/** A text; "" where there is none. */
export function textField(value: unknown, ...path: readonly string[]): string {
  const found = field(value, ...path);
  return typeof found === "string" ? found : "";
}

export function listField(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = field(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The members of a list that are texts. */
export function textsField(value: unknown, ...path: readonly string[]): readonly string[] {
  return listField(value, ...path).filter((item) => typeof item === "string");
}

export function flagField(value: unknown, ...path: readonly string[]): boolean | undefined {
  const found = field(value, ...path);
  return typeof found === "boolean" ? found : undefined;
}

/** Names and values of a map of texts, such as labels. */
export function textMapField(value: unknown, ...path: readonly string[]): ReadonlyMap<string, string> {
  const found = field(value, ...path);
  if (typeof found !== "object" || found === null) return new Map();
  return new Map(Object.entries(found).flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : [])));
}

/** The names of the fields of an object. */
export function fieldNames(value: unknown, ...path: readonly string[]): readonly string[] {
  const found = field(value, ...path);
  return typeof found === "object" && found !== null ? Object.keys(found) : [];
}
