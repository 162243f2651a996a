/** The published shapes of the answers of sight, for tests to hold answers against. */
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";

const folder = resolve(import.meta.dirname, "..", "..", "schemas");

const schemas = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
for (const name of readdirSync(folder)) {
  if (name.endsWith(".schema.json")) schemas.addSchema(JSON.parse(readFileSync(join(folder, name), "utf8")));
}

/** What is wrong with an answer by the schema of a name; nothing when it is as published. */
export function shapeErrors(name: string, answer: unknown): string[] {
  const validate = schemas.getSchema(`https://strongroom.dev/schemas/${name}.schema.json`);
  if (validate === undefined) throw new TypeError(`there must be a schema ${name}`);
  if (validate(answer) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
}
