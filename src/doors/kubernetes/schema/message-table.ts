/**
 * Messages from tables in text form, one line of facts per field, as
 * scripts/schema-tables writes them:
 *
 *     NAME [atomic]                          a message; an empty line ends it
 *     name number type flag...               a field; `2.6` is number 6 within the embedded message 2, `2.3.1` one level deeper
 *
 * A type is a scalar, a message (`core-v1.Pod` in another table), `[]T` a list or
 * `{}T` a map. Flags: `optional`, `always`, `nullable`, `required`, `atomic`, `set`,
 * `map=KEYS`, `patch=STRATEGY`, `key=MERGE_KEY`, `go=GO_TYPE`, `default=JSON`.
 *
 * A message is parsed when its fields are first asked for: there are
 * 168 of them, and a server without pods needs few.
 */
import type { Field, FieldType, Message, ScalarType } from "./schema.ts";

/** One API package: a text of messages and one of their descriptions, both in the order people like. */
export interface MessageTable {
  /** Before the name of each message in OpenAPI: `io.k8s.api.core.v1.` */
  readonly definitionPrefix: string;
  readonly table: string;
  /** Lines of `Message: text` and `Message.field: text`. What has no line has no description. */
  readonly descriptions: string;
  /** Messages that are written by hand, by name. */
  readonly handWritten?: Readonly<Record<string, Message>>;
}

/** Finds messages by package and name, `core-v1` and `Pod`; the same object each time. */
export class MessageTables {
  readonly #packages: ReadonlyMap<string, Package>;

  constructor(tables: Readonly<Record<string, MessageTable>>) {
    this.#packages = new Map(
      Object.entries(tables).map(([name, table]) => [
        name,
        new Package(table, (reference) => this.#referred(name, reference)),
      ]),
    );
  }

  /** @throws TypeError when there is no such message: a mistake in a table */
  message(packageName: string, name: string): Message {
    const found = this.#packages.get(packageName)?.message(name);
    if (found === undefined) throw new TypeError(`the message ${packageName}.${name} must be in a table`);
    return found;
  }

  #referred(from: string, reference: string): Message {
    const dot = reference.indexOf(".");
    return dot < 0 ? this.message(from, reference) : this.message(reference.slice(0, dot), reference.slice(dot + 1));
  }
}

type Resolve = (reference: string) => Message;

class Package {
  readonly #table: MessageTable;
  readonly #resolve: Resolve;
  readonly #messages = new Map<string, Message>();
  #blocks: ReadonlyMap<string, string> | undefined;
  #descriptions: ReadonlyMap<string, string> | undefined;

  constructor(table: MessageTable, resolve: Resolve) {
    this.#table = table;
    this.#resolve = resolve;
  }

  message(name: string): Message | undefined {
    const known = this.#table.handWritten?.[name] ?? this.#messages.get(name);
    if (known !== undefined) return known;
    this.#blocks ??= blocksOf(this.#table.table);
    const block = this.#blocks.get(name);
    if (block === undefined) return undefined;
    const message = this.#parse(name, block);
    this.#messages.set(name, message);
    return message;
  }

  #parse(name: string, block: string): Message {
    const [heading = "", ...lines] = block.split("\n");
    let fields: readonly Field[] | undefined;
    const parse = () => lines.map((line) => parseField(line, this.#resolve, (field) => this.#described(name, field)));
    return {
      name: this.#table.definitionPrefix + name,
      goName: name,
      description: this.#described(name),
      ...(heading.endsWith(" atomic") && { mapType: "atomic" }),
      get fields() {
        return (fields ??= parse());
      },
    };
  }

  #described(message: string, field?: string): string {
    this.#descriptions ??= descriptionsOf(this.#table.descriptions);
    return this.#descriptions.get(field === undefined ? message : `${message}.${field}`) ?? "";
  }
}

function blocksOf(table: string): ReadonlyMap<string, string> {
  const blocks = table.trim().split(/\n\n+/);
  return new Map(blocks.map((block) => [/^\w+/.exec(block)?.[0] ?? "", block]));
}

function descriptionsOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
}

function parseField(line: string, resolve: Resolve, describe: (field: string) => string): Field {
  const [name = "", place = "", typeName = "", ...flags] = line.split(" ");
  const numbers = place.split(".").map(Number);
  const facts = new Flags(flags);
  const goType = facts.value("go");
  const defaultText = facts.value("default");
  return {
    name,
    number: numbers.at(-1) ?? 0,
    ...(numbers.length > 1 && { within: numbers.slice(0, -1) }),
    type: parseType(typeName, facts, resolve),
    description: describe(name),
    ...(facts.has("required") && { required: true }),
    ...(facts.has("optional") && { optional: true }),
    ...((facts.has("always") || facts.has("nullable")) && { alwaysEncoded: true }),
    ...(facts.has("nullable") && { nullable: true }),
    ...(goType !== undefined && { goType }),
    ...(defaultText !== undefined && { default: parseDefault(defaultText) }),
  };
}

class Flags {
  readonly #flags: readonly string[];

  constructor(flags: readonly string[]) {
    this.#flags = flags;
  }

  has(flag: string): boolean {
    return this.#flags.includes(flag);
  }

  value(flag: string): string | undefined {
    return this.#flags.find((candidate) => candidate.startsWith(`${flag}=`))?.slice(flag.length + 1);
  }
}

function parseType(name: string, facts: Flags, resolve: Resolve): FieldType {
  if (name.startsWith("[]")) return parseList(name.slice(2), facts, resolve);
  if (name.startsWith("{}")) {
    const mapType = facts.has("atomic") ? "atomic" : "granular";
    return { kind: "map", value: parseType(name.slice(2), facts, resolve), mapType };
  }
  if (isScalar(name)) return { kind: "scalar", scalar: name };
  return { kind: "message", message: () => resolve(name) };
}

function parseList(item: string, facts: Flags, resolve: Resolve): FieldType {
  const mapKeys = facts.value("map")?.split(",");
  const strategy = facts.value("patch")?.split(",") ?? [];
  const mergeKey = facts.value("key");
  const listType = mapKeys !== undefined ? "map" : facts.has("set") ? "set" : "atomic";
  return {
    kind: "list",
    item: parseType(item, facts, resolve),
    listType,
    ...(mapKeys !== undefined && { mapKeys }),
    ...(strategy.includes("merge") && { patchStrategy: "merge" }),
    ...(strategy.includes("retainKeys") && { retainKeys: true }),
    ...(mergeKey !== undefined && { patchMergeKey: mergeKey }),
  };
}

function parseDefault(text: string): string | number | boolean {
  const value: unknown = JSON.parse(text);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw new TypeError("a default must be a scalar");
}

const scalars: ReadonlySet<string> = new Set<ScalarType>([
  "string",
  "bytes",
  "bool",
  "int32",
  "int64",
  "double",
  "time",
  "microTime",
  "quantity",
  "intOrString",
  "fieldsV1",
  "rawExtension",
]);

function isScalar(name: string): name is ScalarType {
  return scalars.has(name);
}
