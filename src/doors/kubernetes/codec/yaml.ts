/**
 * YAML bodies, read as sigs.k8s.io/yaml reads them, and YAML answers.
 *
 * Rules:
 * - Scalars resolve as in YAML 1.1 (yaml-scalar.ts); keys become text.
 * - Of duplicate keys the last one counts, merged ones (`<<`) included, in the order of the text.
 * - One document: upstream reads the first and ignores the rest; a body with a second one is refused here.
 * - Everything is bounded: the tokens read, depth, values, and the text that aliases may add.
 * - No error text contains a scalar of the body, which may be the value of a secret.
 */
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser } from "yaml";
import type { Document, Node, Pair, Scalar, YAMLMap } from "yaml";
import { sortKeys } from "./canonical-object.ts";
import { DecodeError, nestingDepthMax, strictErrorsMax, tooManyValues, valuesMax } from "./decode-error.ts";
import { decodeUtf8, parseJson } from "./json-parser.ts";
import type { ParsedBody } from "./json-parser.ts";
import { isJsonObject, jsonObject } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { resolvePlain, writeYamlString } from "./yaml-scalar.ts";

/**
 * Most tokens of a YAML body: a line `key: value` has six. The YAML library takes 2 to 10 us for each
 * (measured), so this bounds the time the process is kept. A body that is JSON has no such bound.
 */
export const yamlTokensMax = 100_000;

/** Most text that aliases may add to what the body itself has. */
const aliasedTextMax = 1 << 20;

/**
 * Parses one YAML document; an empty one is null.
 *
 * @param bytes the body, UTF-8; not changed
 * @throws DecodeError for anything that is not one valid document within the limits
 */
export function parseYaml(bytes: Uint8Array): ParsedBody {
  return parseAsJson(bytes) ?? parseAsYaml(decodeUtf8(bytes));
}

/**
 * A tree as YAML, with a line end: mappings sorted by key, lists not indented, strings plain where
 * that is safe and in double quotes where not. Reading it back gives the same tree.
 */
export function writeYaml(value: JsonValue): string {
  return `${writeBlock(value, "").trimStart()}\n`;
}

/** Most bodies sent as YAML are JSON: kubectl's, for one. Reading those so is exact, and quick. */
function parseAsJson(bytes: Uint8Array): ParsedBody | undefined {
  const first = bytes[0];
  if (first !== 0x7b && first !== 0x5b) return undefined;
  try {
    return parseJson(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined; // a flow mapping of YAML, perhaps
    throw error;
  }
}

function parseAsYaml(text: string): ParsedBody {
  if (unprintable.test(text)) throw new DecodeError("yaml: control characters are not allowed");
  try {
    const document = compose(text);
    return new TreeBuilder(document?.contents ?? null, text.length).build();
  } catch (error) {
    // The library recurses: nesting beyond what the stack carries ends here.
    if (error instanceof RangeError) throw new DecodeError("yaml: exceeded max depth", { cause: error });
    throw error;
  }
}

/** Everything outside YAML's printable set; a byte order mark at the start is no part of the text. */
const unprintable = /(?!^\ufeff)[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

/** The only document of the text, if there is one. */
function compose(text: string): Document.Parsed | undefined {
  const parser = new Parser();
  const composer = new Composer({ ...plainYaml });
  const documents: Document.Parsed[] = [];
  let tokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++tokens > yamlTokensMax) {
      throw new DecodeError(`yaml: the body must have at most ${yamlTokensMax} tokens; send it as JSON`);
    }
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token));
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end(false, text.length));
  for (const document of documents) checkDocument(document, text);
  const full = documents.filter(({ contents }) => contents !== null && !isEmptyScalar(contents));
  if (full.length > 1) throw new DecodeError("yaml: the body must be one document");
  return full[0] ?? documents[0];
}

/** Scalars stay text with their tags; what they mean is decided here, not by the library. */
const plainYaml = {
  version: "1.1",
  schema: "failsafe",
  resolveKnownTags: false,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "silent",
} as const;

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && node.value === "" && node.type === "PLAIN" && node.tag === undefined;
}

function checkDocument(document: Document.Parsed, text: string): void {
  if (document.directives.yaml.version === "1.2") {
    throw new DecodeError("yaml: found incompatible YAML document");
  }
  const error = document.errors[0];
  if (error === undefined) return;
  const line = text.slice(0, error.pos[0]).split("\n").length;
  throw new DecodeError(`yaml: line ${line}: ${errorTexts.get(error.code) ?? "could not be parsed"}`);
}

/** In our words, because the library's quote the body. */
const errorTexts: ReadonlyMap<string, string> = new Map([
  ["BAD_ALIAS", "an alias must have a name"],
  ["BAD_DQ_ESCAPE", "found unknown escape character"],
  ["BAD_INDENT", "the indentation does not fit"],
  ["BAD_SCALAR_START", "found character that cannot start any token"],
  ["BLOCK_AS_IMPLICIT_KEY", "mapping values are not allowed in this context"],
  ["BLOCK_IN_FLOW", "a block collection is not allowed within a flow collection"],
  ["KEY_OVER_1024_CHARS", "a key must have at most 1024 characters"],
  ["MISSING_CHAR", "did not find an expected character"],
  ["MULTILINE_IMPLICIT_KEY", "a key must stand on one line"],
  ["RESOURCE_EXHAUSTION", "exceeded max depth"],
  ["TAB_AS_INDENT", "found character that cannot start any token"],
  ["UNEXPECTED_TOKEN", "found an unexpected token"],
]);

/** Where a node goes, for the paths of duplicates. */
interface Place {
  readonly path: string;
  readonly depth: number;
}

class TreeBuilder {
  readonly #root: Node | null;
  readonly #anchors = new Map<string, Node>();
  /** Nodes whose conversion has begun and not ended: an alias to one of them would have no end. */
  readonly #open = new Set<Node>();
  readonly #duplicates = new Set<string>();
  #values = 0;
  #textLeft: number;

  constructor(root: Node | null, textLength: number) {
    this.#root = root;
    this.#textLeft = textLength + aliasedTextMax;
  }

  build(): ParsedBody {
    const value = this.#value(this.#root, { path: "", depth: 0 });
    return { value, duplicates: [...this.#duplicates] };
  }

  #value(node: unknown, place: Place): JsonValue {
    if (++this.#values > valuesMax) throw tooManyValues();
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.#value(this.#target(node.source), place);
    if (isScalar(node)) {
      this.#note(node);
      return this.#scalar(node);
    }
    if (place.depth >= nestingDepthMax) throw new DecodeError("yaml: exceeded max depth");
    if (!isMap(node) && !isSeq(node)) throw new DecodeError("yaml: could not be parsed");
    this.#note(node);
    this.#open.add(node);
    const depth = place.depth + 1;
    const value = isMap(node)
      ? this.#fill(jsonObject(), node, { path: place.path, depth })
      : node.items.map((item, index) => this.#value(item, { path: `${place.path}[${index}]`, depth }));
    this.#open.delete(node);
    return value;
  }

  #note(node: Node & { anchor?: string }): void {
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
  }

  #target(name: string): Node {
    const node = this.#anchors.get(name);
    if (node === undefined) throw new DecodeError("yaml: unknown anchor referenced");
    if (this.#open.has(node)) throw new DecodeError("yaml: anchor value contains itself");
    return node;
  }

  #fill(object: JsonObject, map: YAMLMap, place: Place): JsonObject {
    for (const pair of map.items) {
      if (isMergeKey(pair)) this.#merge(object, pair.value, place);
      else {
        const key = this.#key(pair.key);
        const path = place.path === "" ? key : `${place.path}.${key}`;
        if (key in object && this.#duplicates.size < strictErrorsMax) this.#duplicates.add(path);
        object[key] = this.#value(pair.value, { path, depth: place.depth });
      }
    }
    return object;
  }

  #merge(object: JsonObject, source: unknown, place: Place): void {
    // Backwards, because earlier maps of a list win.
    const sources = isSeq(source) ? source.items.toReversed() : [source];
    for (const item of sources) {
      const node = isAlias(item) ? this.#target(item.source) : item;
      if (!isMap(node)) throw new DecodeError("yaml: map merge requires map or sequence of maps as the value");
      if (place.depth >= nestingDepthMax) throw new DecodeError("yaml: exceeded max depth");
      this.#note(node);
      this.#open.add(node);
      this.#fill(object, node, { path: place.path, depth: place.depth + 1 });
      this.#open.delete(node);
    }
  }

  #key(node: unknown): string {
    const target = isAlias(node) ? this.#target(node.source) : node;
    if (!isScalar(target)) throw new DecodeError("yaml: a key must be a scalar");
    this.#note(target);
    const value = this.#scalar(target);
    if (value === null) throw new DecodeError("yaml: a key must not be null");
    return String(value);
  }

  #scalar(node: Scalar): string | number | boolean | null {
    const text = typeof node.value === "string" ? node.value : "";
    this.#textLeft -= text.length;
    if (this.#textLeft < 0) throw new DecodeError("yaml: document contains excessive aliasing");
    if (!text.isWellFormed()) {
      throw new DecodeError("yaml: found invalid Unicode character escape code");
    }
    return resolveTagged(text, node);
  }
}

function isMergeKey(pair: Pair): boolean {
  const { key } = pair;
  if (!isScalar(key) || key.value !== "<<") return false;
  return key.tag === mergeTag || (key.tag === undefined && key.type === "PLAIN");
}

const tagPrefix = "tag:yaml.org,2002:";
const mergeTag = `${tagPrefix}merge`;

function resolveTagged(text: string, node: Scalar): string | number | boolean | null {
  if (node.tag === undefined) return node.type === "PLAIN" ? resolvePlain(text) : text;
  switch (node.tag.startsWith(tagPrefix) ? node.tag.slice(tagPrefix.length) : "") {
    case "binary":
      return decodeUtf8(Buffer.from(text, "base64"));
    case "bool":
      return resolvedAs("boolean", text);
    case "int":
    case "float":
      return resolvedAs("number", text);
    case "null":
      return resolvedAs("object", text);
    default:
      return text;
  }
}

function resolvedAs(type: string, text: string): string | number | boolean | null {
  const value = resolvePlain(text);
  if (typeof value !== type) throw new DecodeError("yaml: a scalar must be what its tag says");
  return value;
}

// Writing

function writeBlock(value: JsonValue, indent: string): string {
  if (Array.isArray(value)) return writeList(value, indent);
  if (isJsonObject(value)) return writeMap(value, indent);
  return ` ${typeof value === "string" ? writeYamlString(value) : String(value)}`;
}

function writeList(list: readonly JsonValue[], indent: string): string {
  if (list.length === 0) return " []";
  return list.map((item) => `\n${indent}-${inline(writeBlock(item, `${indent}  `), indent)}`).join("");
}

function writeMap(map: JsonObject, indent: string): string {
  const keys = sortKeys(Object.keys(map));
  if (keys.length === 0) return " {}";
  return keys
    .map((key) => {
      const value = map[key] ?? null;
      // A list stands at the indentation of its key.
      const inner = Array.isArray(value) ? indent : `${indent}  `;
      const name = writeYamlString(key);
      // A key on the line of its value may have 1,024 characters.
      const start = name.length > 1000 ? `? ${name}\n${indent}:` : `${name}:`;
      return `\n${indent}${start}${writeBlock(value, inner)}`;
    })
    .join("");
}

/** A collection in a list begins on the line of its dash. */
function inline(block: string, indent: string): string {
  return block.startsWith("\n") ? ` ${block.slice(`\n${indent}  `.length)}` : block;
}
