/**
 * Writes lists in pieces of bounded size, whatever their length:
 *
 *   JSON      spliced from the stored bytes, an item at a time
 *   pretty    the same frame, indented; an item is a tree for as long as it is written
 *   YAML      the fields before `items`, the items, the fields after them (YAML sorts fields)
 *   protobuf  list-in-protobuf.ts: lengths stand in front, so the list is read twice
 *
 * A piece may leave only when what it discloses is on record, so pieces are also
 * how many items share one record.
 */
import type { StreamPiece } from "../../../gate/gate.ts";
import { writeJson } from "../codec/json-writer.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { writeYaml } from "../codec/yaml.ts";
import type { Kind } from "../kinds/kind.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import type { ListAnswer } from "../verbs/list.ts";
import { apiVersionOf, partialMetadataTree } from "./encode-object.ts";
import { encodeProtobufList } from "./list-in-protobuf.ts";
import { inPieces, storedPieceBytesMin, whenQuiet } from "./list-pieces.ts";
import type { Encoded, PiecesOptions } from "./list-pieces.ts";
import type { OutputFormat } from "./output-format.ts";
import { columnDefinitions, tableRow } from "./table.ts";

/** Pieces of a list's body, each with what it discloses. */
export function encodeList(kind: Kind, list: ListAnswer, format: OutputFormat, now: Date): AsyncGenerator<StreamPiece> {
  const frame = listFrame(kind, list, format);
  const tree = (object: StoredObject) => itemTree(kind, object, format, now);
  switch (format.media) {
    case "application/json":
      if (format.pretty) return encodeText({ list, format }, prettyFrame(frame), treeEncoder(tree, prettyItem));
      if (format.view === "object") {
        return encodeText({ list, format, bytesMin: storedPieceBytesMin }, compactFrame(frame), (object) =>
          object.itemJson(),
        );
      }
      return encodeText({ list, format }, compactFrame(frame), treeEncoder(tree, writeJson));
    case "application/yaml":
      return encodeText({ list, format }, yamlFrame(frame), treeEncoder(tree, yamlItem));
    case "application/vnd.kubernetes.protobuf":
      return encodeProtobufList({ kind, list, format, fields: frame.fields, item: tree });
    default:
      return format.media satisfies never;
  }
}

/** A list without its items: the fields around them, and the name of the field they are in. */
interface ListFrame {
  readonly fields: JsonObject;
  readonly items: "items" | "rows";
}

function listFrame(kind: Kind, list: ListAnswer, format: OutputFormat): ListFrame {
  const viewVersion = `meta.k8s.io/${format.viewVersion}`;
  const fields = (listKind: string, apiVersion: string) =>
    jsonObject([
      ["kind", listKind],
      ["apiVersion", apiVersion],
      ["metadata", listMetadata(list)],
    ]);
  switch (format.view) {
    case "object":
      return { fields: fields(kind.listKind, apiVersionOf(kind)), items: "items" };
    case "table": {
      const table = fields("Table", viewVersion);
      table["columnDefinitions"] = columnDefinitions(kind);
      return { fields: table, items: "rows" };
    }
    case "partial-metadata":
      return { fields: fields("PartialObjectMetadataList", viewVersion), items: "items" };
    default:
      return format.view satisfies never;
  }
}

function listMetadata(list: ListAnswer): JsonObject {
  const metadata = jsonObject([["resourceVersion", String(list.revision)]]);
  if (list.continueToken !== undefined) metadata["continue"] = list.continueToken;
  if (list.remainingItemCount !== undefined) metadata["remainingItemCount"] = list.remainingItemCount;
  // Metadata of lists has no annotations; clients that know its fields pass over them.
  if (list.filtered === true) metadata["annotations"] = jsonObject([[filteredAnnotation, "allowed"]]);
  return metadata;
}

/** Says of a list in JSON or YAML that only what the caller may get is in it. */
const filteredAnnotation = "strongroom.dev/filtered";

function itemTree(kind: Kind, object: StoredObject, format: OutputFormat, now: Date): JsonObject {
  switch (format.view) {
    case "object":
      return object.tree();
    case "table":
      return tableRow(kind, object, format, now);
    case "partial-metadata":
      return partialMetadataTree(object, format);
    default:
      return format.view satisfies never;
  }
}

/** The text around the items of a list. */
interface TextFrame {
  readonly head: string;
  readonly beforeFirst: string;
  readonly between: string;
  readonly afterLast: string;
  /** In place of the items, where there are none. */
  readonly empty: string;
  readonly tail: string;
}

async function* encodeText(
  options: PiecesOptions,
  frame: TextFrame,
  encode: (object: StoredObject) => Buffer | Promise<Buffer>,
): AsyncGenerator<StreamPiece> {
  yield { bytes: Buffer.from(frame.head), disclosed: [] };
  const [beforeFirst, between] = [Buffer.from(frame.beforeFirst), Buffer.from(frame.between)];
  let count = 0;
  const inFrame = (bytes: Buffer): Encoded => [count++ === 0 ? beforeFirst : between, bytes];
  const encodeItem = (object: StoredObject) => {
    const bytes = encode(object);
    return bytes instanceof Promise ? bytes.then(inFrame) : inFrame(bytes);
  };
  yield* inPieces(options, encodeItem);
  yield { bytes: Buffer.from((count === 0 ? frame.empty : frame.afterLast) + frame.tail), disclosed: [] };
}

/** Encodes through a tree. The tree of a large object and its text are each a task of their own for the event loop. */
function treeEncoder(treeOf: (object: StoredObject) => JsonObject, write: (tree: JsonObject) => string) {
  return async (object: StoredObject) => {
    const tree = treeOf(object);
    await whenQuiet(object.sizeBytes);
    return Buffer.from(write(tree), "utf8");
  };
}

function compactFrame({ fields, items }: ListFrame): TextFrame {
  const head = `${writeJson(fields).slice(0, -1)},"${items}":[`;
  return { head, beforeFirst: "", between: ",", afterLast: "", empty: "", tail: "]}\n" };
}

function prettyFrame({ fields, items }: ListFrame): TextFrame {
  const head = `${writeJson(fields, true).slice(0, -"\n}".length)},\n  "${items}": [`;
  return { head, beforeFirst: itemLine, between: `,${itemLine}`, afterLast: "\n  ", empty: "", tail: "]\n}\n" };
}

const itemLine = "\n    ";

/** Text of JSON has line ends between values only, so each of them may be indented. */
function prettyItem(tree: JsonObject): string {
  return writeJson(tree, true).replaceAll("\n", itemLine);
}

function yamlFrame({ fields, items }: ListFrame): TextFrame {
  const part = (holds: (name: string) => boolean) => {
    const entries = Object.entries(fields).filter(([name]) => holds(name));
    return entries.length === 0 ? "" : writeYaml(jsonObject(entries));
  };
  const head = `${part((name) => name < items)}${items}:`;
  const tail = part((name) => name > items);
  return { head, beforeFirst: "\n", between: "", afterLast: "", empty: " []\n", tail };
}

/** Lists are not indented in their mapping, so an item stands by itself as in one. */
function yamlItem(tree: JsonObject): string {
  return writeYaml([tree]);
}
