import type { Report } from "./report.ts";
import { jsonText } from "./json-text.ts";

/**
 * The report as JSON, a list's item at a time, so that the text is never there as a whole. Characters that a terminal
 * obeys are escapes, as JSON has them.
 */
export function* writeJson(report: Report): Generator<string> {
  let separator = "{\n";
  for (const [key, value] of Object.entries(report)) {
    if (value === undefined) continue;
    yield `${separator}  ${JSON.stringify(key)}: `;
    separator = ",\n";
    if (Array.isArray(value)) yield* writeList(value);
    else yield jsonText(value, 2);
  }
  yield "\n}\n";
}

function* writeList(items: readonly unknown[]): Generator<string> {
  if (items.length === 0) return yield "[]";
  let separator = "[\n";
  for (const item of items) {
    yield `${separator}    ${jsonText(item, 4)}`;
    separator = ",\n";
  }
  yield "\n  ]";
}
