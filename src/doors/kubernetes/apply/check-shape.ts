/**
 * Whether a configuration fits its type, told as upstream tells it - but for the
 * value at fault, which may be the value of a secret and is never shown.
 *
 * Source: structured-merge-diff typed/{validate,helpers}.go.
 */
import { jsonTypeName } from "../codec/go-type-name.ts";
import { isJsonObject } from "../codec/json.ts";
import type { JsonValue } from "../codec/json.ts";
import { fieldStep, printStep } from "./field-path.ts";
import { ShapeError, resolve, shapeOfField, stepOfItem } from "./merge-shape.ts";
import type { ListShape, MergeShape, ObjectShape, ScalarShape } from "./merge-shape.ts";

/** One thing that is wrong; `path` as {@link printStep} joins it. */
export interface ShapeFinding {
  readonly path: string;
  readonly message: string;
}

/** Findings after these are not looked for. */
const findingsMax = 100;

/** What is wrong with a value, in the order of the document; nothing when it fits. Items of lists must be distinct. */
export function checkShape(shape: MergeShape, value: JsonValue): ShapeFinding[] {
  const findings: ShapeFinding[] = [];
  check(shape, value, "", findings);
  return findings;
}

/** The findings in one text: alone, or as a list. */
export function shapeFindingsText(findings: readonly ShapeFinding[]): string {
  const texts = findings.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return texts.length === 1 ? texts.join("") : ["errors:", ...texts.map((text) => `  ${text}`)].join("\n");
}

function check(shape: MergeShape, value: JsonValue, path: string, findings: ShapeFinding[]): void {
  if (value === null || findings.length >= findingsMax) return;
  const resolved = resolve(shape, value);
  switch (resolved.kind) {
    case "scalar":
      return checkScalar(resolved, value, path, findings);
    case "list":
      return checkList(resolved, value, path, findings);
    case "object":
      return checkObject(resolved, value, path, findings);
  }
}

function checkScalar(shape: ScalarShape, value: JsonValue, path: string, findings: ShapeFinding[]): void {
  const found = jsonTypeName(value);
  const fits = { string: "string", numeric: "number", boolean: "bool", "any scalar": undefined }[shape.accepts];
  if (fits === undefined ? typeof value !== "object" : found === fits) return;
  const expected = shape.accepts === "numeric" ? "numeric (int or float)" : shape.accepts;
  findings.push({ path, message: `expected ${expected}, got ${found}` });
}

function checkList(shape: ListShape, value: JsonValue, path: string, findings: ShapeFinding[]): void {
  if (!Array.isArray(value)) {
    findings.push({ path, message: `expected list, got ${jsonTypeName(value)}` });
    return;
  }
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    let step = `i:${index}`;
    if (!shape.atomic) {
      try {
        step = stepOfItem(shape, item);
      } catch (error) {
        if (!(error instanceof ShapeError)) throw error;
        findings.push({ path, message: `element ${index}: ${error.message}` });
        return; // without an identity nothing more can be said of the list
      }
      if (seen.has(step)) findings.push({ path, message: `duplicate entries for key ${printStep(step)}` });
      seen.add(step);
    }
    check(shape.item(), item, path + printStep(step), findings);
  }
}

function checkObject(shape: ObjectShape, value: JsonValue, path: string, findings: ShapeFinding[]): void {
  if (!isJsonObject(value)) {
    findings.push({ path, message: `expected map, got ${jsonTypeName(value)}` });
    return;
  }
  for (const name of Object.keys(value)) {
    const fieldPath = path + printStep(fieldStep(name));
    const field = shapeOfField(shape, name);
    if (field === undefined) {
      findings.push({ path: fieldPath, message: "field not declared in schema" });
      return; // as upstream, which stops at the first unknown field of an object
    }
    check(field, value[name] ?? null, fieldPath, findings);
  }
}
