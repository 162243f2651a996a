/**
 * Writes objects in the negotiated format. JSON of whole objects is spliced from
 * the stored bytes; everything else goes through a tree.
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import { encodeMessage } from "../codec/protobuf.ts";
import { encodeEnvelope } from "../codec/protobuf-envelope.ts";
import { writeYaml } from "../codec/yaml.ts";
import type { Kind } from "../kinds/kind.ts";
import { Status } from "../schema/meta-v1.ts";
import { PartialObjectMetadata, PartialObjectMetadataList } from "../schema/partial-metadata.ts";
import type { Message } from "../schema/schema.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { metadataOf } from "../validation/object-fields.ts";
import type { OutputFormat } from "./output-format.ts";

/** apiVersion of a kind's group and version. */
export function apiVersionOf(kind: Pick<Kind, "group" | "version">): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** A complete object from an item: kind and apiVersion in front. */
export function withType(kindName: string, apiVersion: string, item: JsonObject): JsonObject {
  const object = jsonObject([
    ["kind", kindName],
    ["apiVersion", apiVersion],
  ]);
  for (const key of Object.keys(item)) {
    if (key !== "kind" && key !== "apiVersion") object[key] = item[key] ?? null;
  }
  return object;
}

/** The bytes of one whole object as the body of an answer (JSON and YAML end in a newline). */
export function encodeWholeObject(kind: Kind, object: StoredObject, format: OutputFormat): Buffer {
  if (format.media === "application/json" && !format.pretty) {
    const head = `{"kind":"${kind.kind}","apiVersion":"${apiVersionOf(kind)}",`;
    return Buffer.concat([Buffer.from(head), object.itemJson().subarray(1), Buffer.from("\n")]);
  }
  const tree = withType(kind.kind, apiVersionOf(kind), object.tree());
  return encodeTree(tree, kind.schema, format);
}

/** Any tree with kind and apiVersion in the negotiated media type; `schema` is its message, for protobuf. */
export function encodeTree(tree: JsonObject, schema: Message, format: OutputFormat): Buffer {
  switch (format.media) {
    case "application/json":
      return Buffer.from(`${writeJson(tree, format.pretty)}\n`, "utf8");
    case "application/yaml":
      return Buffer.from(writeYaml(tree), "utf8");
    case "application/vnd.kubernetes.protobuf":
      return Buffer.from(protobufEnvelope(tree, schema));
    default:
      return format.media satisfies never;
  }
}

/** A Status in the negotiated media type. */
export function encodeStatus(tree: JsonObject, format: Pick<OutputFormat, "media" | "pretty">): Buffer {
  return encodeTree(tree, Status, { ...format, view: "object", viewVersion: "v1", includeObject: "None" });
}

function protobufEnvelope(tree: JsonObject, schema: Message): Uint8Array {
  const kind = typeof tree["kind"] === "string" ? tree["kind"] : "";
  const apiVersion = typeof tree["apiVersion"] === "string" ? tree["apiVersion"] : "";
  return encodeEnvelope({ apiVersion, kind }, encodeMessage(schema, tree));
}

/** The message of the single-object form of a format's view, for protobuf. */
export function viewSchema(kind: Kind, format: OutputFormat): Message {
  return format.view === "partial-metadata" ? PartialObjectMetadata : kind.schema;
}

/** The message of the list form of a format's view, for protobuf. */
export function listSchemaOf(kind: Kind, format: OutputFormat): Message {
  return format.view === "partial-metadata" ? PartialObjectMetadataList : kind.listSchema;
}

/** PartialObjectMetadata of an object, with kind and apiVersion (items of a list leave them out upstream, too). */
export function partialMetadataTree(object: StoredObject, format: OutputFormat): JsonObject {
  return jsonObject([
    ["kind", "PartialObjectMetadata"],
    ["apiVersion", `meta.k8s.io/${format.viewVersion}`],
    ["metadata", metadataOf(object.tree())],
  ]);
}

/** The object a tree's `metadata` gains when it is sent: its resourceVersion. */
export function withResourceVersion(metadata: JsonObject, resourceVersion: string): JsonObject {
  const entries: [string, JsonValue][] = [["resourceVersion", resourceVersion]];
  for (const key of Object.keys(metadata)) {
    if (key !== "resourceVersion") entries.push([key, metadata[key] ?? null]);
  }
  return jsonObject(entries);
}

/** Whether a tree is an object with a `metadata` object. */
export function hasMetadata(tree: JsonObject): boolean {
  return isJsonObject(tree["metadata"]);
}
