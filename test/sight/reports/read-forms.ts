/** Readers of the forms of reports that are not ours, for tests to hold the writers against. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv04 from "ajv-draft-04";
import formats from "ajv-formats";
import { SaxesParser } from "saxes";

const require = createRequire(import.meta.url);

// What CommonJS exports by that name, which types and Node see differently.
const Draft04 = (Ajv04 as unknown as { default: typeof Ajv04.default }).default ?? Ajv04;
const addFormats = (formats as unknown as { default: typeof formats.default }).default ?? formats;

// A pattern of the schema has a bracket too many for the strict mode of regular expressions.
const ajv = new Draft04({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats(ajv);
const schema = require.resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
const validateSarif = ajv.compile(JSON.parse(readFileSync(schema, "utf8")));

/** What is wrong by the schema of SARIF 2.1.0. */
export function sarifErrors(log: unknown): string[] {
  if (validateSarif(log) === true) return [];
  return (validateSarif.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
}

/** Rows of a table by the letter of RFC 4180. Raises for anything else. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  let row: string[] = [];
  while (field.lastIndex < text.length) {
    const [whole, quoted, bare, end] = field.exec(text) ?? [];
    if (whole === undefined) throw new SyntaxError(`no field at ${text.slice(rows.length, rows.length + 40)}`);
    row.push(quoted?.replaceAll('""', '"') ?? bare ?? "");
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Names of what is in it. */
  readonly children: readonly string[];
}

/** Elements of a document in their order. Raises for what is not well-formed by XML 1.0. */
export function readXml(text: string): XmlElement[] {
  const elements: { name: string; attributes: Record<string, string>; children: string[] }[] = [];
  const open: { children: string[] }[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element = { name, attributes: { ...attributes }, children: [] };
    open.at(-1)?.children.push(name);
    open.push(element);
    elements.push(element);
  });
  parser.on("closetag", () => void open.pop());
  parser.write(text).close();
  return elements;
}
