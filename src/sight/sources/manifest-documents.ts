/**
 * The text of a file to objects. Secrets lose their values here (secret-values.ts), before anything else sees them.
 *
 * JSON is read by the engine, which is some 20 times as fast and knows no lines; what is not JSON is read as YAML 1.1,
 * as kubectl does.
 */
import { LineCounter, isNode, parseAllDocuments } from "yaml";
import type { Document } from "yaml";
import { kubernetesTags } from "../facts/kubernetes-yaml.ts";
import { field, textField } from "../facts/json-fields.ts";
import type { Problem } from "../facts/facts.ts";
import type { Provenance } from "../facts/provenance.ts";
import type { ReadObject } from "../facts/read-fact.ts";
import type { SecretMaterial } from "../facts/secret-material.ts";
import { withoutValues } from "./secret-values.ts";

/** YAML takes some 90 times its size in memory while it is read. */
export const yamlCharactersMax = 32 * 1024 * 1024;

/** What a text holds: objects, lists that say of which kind they are, problems. */
export interface ManifestDocuments {
  readonly objects: readonly ReadObject[];
  /** `apiVersion` and `kind` of typed lists (`RoleList`), which also tell that there is nothing. */
  readonly lists: readonly { readonly apiVersion: string; readonly kind: string }[];
  readonly problems: readonly Problem[];
}

interface Collected {
  readonly objects: ReadObject[];
  readonly lists: { apiVersion: string; kind: string }[];
  readonly problems: Problem[];
  readonly material: SecretMaterial;
}

/** The documents of a text. Never raises: what cannot be read is a problem with its place. */
export function readManifestDocuments(file: string, text: string, material: SecretMaterial): ManifestDocuments {
  const found: Collected = { objects: [], lists: [], problems: [], material };
  const json = parseJson(text);
  if (json === undefined) readYaml(file, text, found);
  else collect(json, { file, document: 1, item: undefined, line: undefined }, samePlace, found);
  return found;
}

type Placing = (at: Provenance, path: readonly (string | number)[]) => Provenance;
const samePlace: Placing = (at) => at;

function parseJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // YAML may understand it, and says where it does not
  }
}

function readYaml(file: string, text: string, found: Collected): void {
  if (text.length > yamlCharactersMax) {
    const message = `YAML must have at most ${yamlCharactersMax} characters; JSON may be larger (kubectl get -o json)`;
    found.problems.push({ message, at: { file, document: 1, item: undefined, line: undefined } });
    return;
  }
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: "1.1",
    customTags: kubernetesTags,
    lineCounter,
    prettyErrors: false,
    logLevel: "silent",
  });
  for (const [index, document] of documents.entries()) {
    const line = lineOf(lineCounter, document.contents?.range?.[0] ?? 0);
    const at = { file, document: index + 1, item: undefined, line };
    const [error] = document.errors;
    if (error !== undefined) {
      // The parser's own words may quote the text, which may be the value of a secret.
      const code = error.code.toLowerCase().replaceAll("_", " ");
      const message = `the document must be valid YAML: ${text.includes("{{") ? `${code}${unrendered}` : code}`;
      found.problems.push({ message, at: { ...at, line: lineOf(lineCounter, error.pos[0]) } });
      continue;
    }
    collectYaml(document, at, lineCounter, found);
  }
}

function collectYaml(document: Document, at: Provenance, lineCounter: LineCounter, found: Collected): void {
  const placing: Placing = (base, path) => {
    const node = document.getIn(path, true);
    const offset = isNode(node) ? node.range?.[0] : undefined;
    return offset === undefined ? base : { ...base, line: lineOf(lineCounter, offset) };
  };
  try {
    collect(document.toJS({ maxAliasCount: 100 }), at, placing, found);
  } catch {
    found.problems.push({ message: "the aliases of the document must have anchors and stay below 100 copies", at });
  }
}

const unrendered = "; a template must be rendered first (helm template CHART | strongroom scan --git -)";

function lineOf(lineCounter: LineCounter, offset: number): number {
  return lineCounter.linePos(offset).line;
}

function collect(value: unknown, at: Provenance, placing: Placing, found: Collected): void {
  if (value === null || value === undefined) return;
  const [apiVersion, kind] = [textField(value, "apiVersion"), textField(value, "kind")];
  const items = field(value, "items");
  if (!kind.endsWith("List") || !Array.isArray(items)) {
    const placeOf = (path: readonly (string | number)[]) => placing(at, path);
    found.objects.push({ value: withoutValues(value, found.material), at, placeOf });
    return;
  }
  if (kind !== "List") found.lists.push({ apiVersion, kind: kind.slice(0, -"List".length) });
  for (const [index, item] of items.entries()) {
    const place = placing({ ...at, item: index + 1 }, ["items", index]);
    const placeOf = (path: readonly (string | number)[]) => placing(place, ["items", index, ...path]);
    found.objects.push({
      value: withoutValues(typed(item, apiVersion, kind), found.material),
      at: place,
      placeOf,
    });
  }
}

/** Items of a typed list need not repeat what they are. */
function typed(item: unknown, apiVersion: string, listKind: string): unknown {
  if (listKind === "List" || typeof item !== "object" || item === null) return item;
  return { apiVersion, kind: listKind.slice(0, -"List".length), ...item };
}
