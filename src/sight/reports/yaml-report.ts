import type { Report } from "./report.ts";
import { jsonString } from "./json-text.ts";

/**
 * The report as YAML: the same tree as JSON has. Every string is in double quotes, so no name can be taken for anything
 * else in either version of YAML, and no library that would build the whole tree first is needed.
 */
export function* writeYaml(report: Report): Generator<string> {
  for (const [key, value] of Object.entries(report)) {
    if (Array.isArray(value) && value.length > 0) {
      yield `${key}:\n`;
      for (const item of value) yield yamlItem(item, 2);
    } else if (value !== undefined) yield yamlField(key, value, 0);
  }
}

function yamlItem(value: unknown, indent: number): string {
  const text = yamlValue(value, indent + 2);
  return `${" ".repeat(indent)}- ${text.startsWith("\n") ? text.slice(1).trimStart() : text.slice(1)}`;
}

function yamlField(key: string, value: unknown, indent: number): string {
  const shown = /^[A-Za-z][A-Za-z0-9]*$/.test(key) ? key : jsonString(key);
  return `${" ".repeat(indent)}${shown}:${yamlValue(value, indent + 2)}`;
}

/** After a colon or a dash: a blank and a scalar, or a block on lines of its own; ends its line. */
function yamlValue(value: unknown, indent: number): string {
  if (typeof value === "string") return ` ${jsonString(value)}\n`;
  if (typeof value === "number" || typeof value === "boolean") return ` ${value}\n`;
  if (Array.isArray(value)) {
    return value.length === 0 ? " []\n" : `\n${value.map((item) => yamlItem(item, indent)).join("")}`;
  }
  if (typeof value !== "object" || value === null) throw new TypeError("a report must have no null");
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  if (fields.length === 0) return " {}\n";
  return `\n${fields.map(([key, field]) => yamlField(key, field, indent)).join("")}`;
}
