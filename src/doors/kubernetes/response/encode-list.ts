/**
 * Writes lists. JSON is streamed chunk by chunk at the memory of a chunk; the
 * other media types carry lengths or need the whole, and are collected.
 */
import type { StreamPiece } from "../../../gate/gate.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import type { Kind } from "../kinds/kind.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import type { ListAnswer } from "../verbs/list.ts";
import { apiVersionOf, encodeTree, listSchemaOf, partialMetadataTree } from "./encode-object.ts";
import { metadataHoldsValues } from "./output-format.ts";
import type { OutputFormat } from "./output-format.ts";
import { columnDefinitions, tableRow } from "./table.ts";

/** Pieces of a list's body, each with what it discloses. */
export async function* encodeList(
  kind: Kind,
  list: ListAnswer,
  format: OutputFormat,
  now: Date,
): AsyncGenerator<StreamPiece> {
  if (format.media !== "application/json" || format.pretty) {
    yield await collected(kind, list, format, now);
    return;
  }
  yield { bytes: Buffer.from(listHead(kind, list, format)), disclosed: [] };
  let first = true;
  for await (const objects of list.chunks) {
    if (objects.length === 0) continue;
    const pieces: Buffer[] = [];
    for (const object of objects) {
      pieces.push(first ? open : separator, itemBytes(kind, object, format, now));
      first = false;
    }
    yield {
      bytes: Buffer.concat(pieces),
      disclosed: objects.map((object) => object.disclosure()),
      holdsValues: objects.some(metadataHoldsValues),
    };
  }
  yield { bytes: Buffer.from("]}\n"), disclosed: [] };
}

const open = Buffer.alloc(0);
const separator = Buffer.from(",");

/** The list up to the bracket of its items. */
function listHead(kind: Kind, list: ListAnswer, format: OutputFormat): string {
  const { listKind, apiVersion, items } = listShape(kind, format);
  const columns = format.view === "table" ? `"columnDefinitions":${writeJson(columnDefinitions(kind))},` : "";
  const head = `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${writeJson(listMetadata(list))},`;
  return `${head}${columns}"${items}":[`;
}

function listShape(kind: Kind, format: OutputFormat) {
  const apiVersion = `meta.k8s.io/${format.viewVersion}`;
  switch (format.view) {
    case "object":
      return { listKind: kind.listKind, apiVersion: apiVersionOf(kind), items: "items" };
    case "table":
      return { listKind: "Table", apiVersion, items: "rows" };
    case "partial-metadata":
      return { listKind: "PartialObjectMetadataList", apiVersion, items: "items" };
    default:
      return format.view satisfies never;
  }
}

function listMetadata(list: ListAnswer): JsonObject {
  const metadata = jsonObject([["resourceVersion", String(list.revision)]]);
  if (list.continueToken !== undefined) metadata["continue"] = list.continueToken;
  if (list.remainingItemCount !== undefined) metadata["remainingItemCount"] = list.remainingItemCount;
  return metadata;
}

function itemBytes(kind: Kind, object: StoredObject, format: OutputFormat, now: Date): Buffer {
  if (format.view === "object") return object.itemJson();
  return Buffer.from(writeJson(itemTree(kind, object, format, now)), "utf8");
}

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

async function collected(kind: Kind, list: ListAnswer, format: OutputFormat, now: Date): Promise<StreamPiece> {
  const objects: StoredObject[] = [];
  for await (const chunk of list.chunks) objects.push(...chunk);
  const { listKind, apiVersion, items } = listShape(kind, format);
  const tree = jsonObject([
    ["kind", listKind],
    ["apiVersion", apiVersion],
    ["metadata", listMetadata(list)],
  ]);
  if (format.view === "table") tree["columnDefinitions"] = columnDefinitions(kind);
  const trees: JsonValue[] = objects.map((object) => itemTree(kind, object, format, now));
  tree[items] = trees;
  return {
    bytes: encodeTree(tree, listSchemaOf(kind, format), format),
    disclosed: objects.map((object) => object.disclosure()),
    holdsValues: objects.some(metadataHoldsValues),
  };
}
