/**
 * One request of a client and what mattered in the answer, in the form in which
 * recordings are kept: readable, comparable, and free of what differs between two
 * runs (uids, versions, times, ages).
 */
import { gunzipSync } from "node:zlib";
import { decodeEnvelope } from "../../../src/doors/kubernetes/codec/protobuf-envelope.ts";
import { objectMetadata } from "./protobuf-metadata.ts";
import type { ObjectMetadata } from "./protobuf-metadata.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A body: JSON as it is, other text as a string, protobuf as base64 with placeholders for fields of its metadata. */
export type RecordedBody =
  | { readonly json: Json }
  | { readonly text: string }
  | { readonly base64: string; readonly metadata?: ObjectMetadata };

export interface RecordedRequest {
  readonly method: string;
  /** Path and query, with placeholders. */
  readonly url: string;
  /** Only those that the server looks at. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RecordedBody;
}

export interface RecordedAnswer {
  readonly status: number;
  /** Content-Type. */
  readonly type: string;
  /** The essence of the body; of a watch the essence of each event. */
  readonly body?: Json;
}

export interface Exchange {
  readonly request: RecordedRequest;
  readonly answer: RecordedAnswer;
}

export function isWatch(url: string): boolean {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  return /^\/apis?\/(?:[^/]+\/){1,2}watch\//.test(pathname) || /^(1|true)$/.test(searchParams.get("watch") ?? "");
}

/** What a body comes to, once what differs from run to run is gone. */
export function essence(path: string, type: string, body: Buffer): Json | undefined {
  if (body.length === 0) return undefined;
  if (type.includes("protobuf") && !path.startsWith("/openapi/")) return protobufEssence(body);
  if (!type.startsWith("application/json")) return undefined;
  const tree = JSON.parse(body.toString("utf8")) as Json;
  return isDocument(path) ? documentEssence(tree) : treeEssence(tree);
}

/** The events of a watch stream that arrived whole. */
export function watchEssence(type: string, body: Buffer): Json[] {
  const events = type.includes("protobuf") ? frames(body).map(frameEssence) : lines(body).map(eventEssence);
  return events.filter((event) => !isOwnEvent(event));
}

export function eventEssence(line: string): Json {
  const event = JSON.parse(line) as { type: string; object: Json };
  // A bookmark is a version and nothing else; when it comes is the server's affair.
  return { type: event.type, object: treeEssence(event.object) ?? null };
}

export function frameEssence(frame: Buffer): Json {
  const type = frame.toString("latin1", 2, 2 + (frame[1] ?? 0));
  return { type, object: protobufEssence(frame.subarray(frame.indexOf("k8s\0"))) };
}

/** The part of an answer in which the server's own values are: JSON, or the metadata of a protobuf message. */
export function learnable(type: string, body: Buffer): Json | undefined {
  if (body.length === 0) return undefined;
  if (type.startsWith("application/json")) return JSON.parse(body.toString("utf8")) as Json;
  if (!type.startsWith("application/vnd.kubernetes.protobuf")) return undefined;
  return { metadata: { ...objectMetadata(body) } };
}

/** A body as it came over the wire, without its Content-Encoding. */
export function decodeContent(encoding: string | undefined, body: Buffer): Buffer {
  return encoding === "gzip" && body.length > 0 ? gunzipSync(body) : body;
}

function lines(body: Buffer): string[] {
  const text = body.toString("utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
}

function frames(body: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= body.length;) {
    const end = at + 4 + body.readUInt32BE(at);
    if (end > body.length) break;
    found.push(body.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function protobufEssence(body: Buffer): Json {
  const { apiVersion, kind } = decodeEnvelope(body);
  return { apiVersion, kind };
}

/** Discovery, OpenAPI and version grow with the server: their kind alone is compared. */
function isDocument(path: string): boolean {
  const { pathname } = new URL(path, "http://localhost");
  return /^\/(openapi|version|api$|apis$|api\/v1$|apis\/[^/]+(\/[^/]+)?$)/.test(pathname);
}

function documentEssence(tree: Json): Json | undefined {
  return isObject(tree) && typeof tree["kind"] === "string" ? { kind: tree["kind"] } : undefined;
}

const changing = new Set([
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "managedFields",
  "continue",
  "remainingItemCount",
]);

/** How far a store has come differs between two runs, too. */
const currentVersion = /(Too large resource version: \d+, current: )\d+/;

function treeEssence(tree: Json): Json | undefined {
  if (!isObject(tree)) return tree;
  if (tree["kind"] === "Table") return tableEssence(tree);
  const items = tree["items"];
  if (!Array.isArray(items)) return without(tree);
  const kind = String(tree["kind"]).replace(/List$/, "");
  return without({ ...tree, items: items.filter((item) => !isOwn(kind, nameOf(item))) });
}

/** What the server puts into every namespace, in its own time. */
function isOwn(kind: string, name: Json | undefined): boolean {
  return (kind === "ServiceAccount" && name === "default") || (kind === "ConfigMap" && name === "kube-root-ca.crt");
}

/** Whether an event's essence is about such an object. */
export function isOwnEvent(event: Json): boolean {
  const object = isObject(event) ? event["object"] : undefined;
  return isObject(object) && isOwn(String(object["kind"]), nameOf(object));
}

function nameOf(object: Json): Json | undefined {
  const metadata = isObject(object) ? object["metadata"] : undefined;
  return isObject(metadata) ? metadata["name"] : undefined;
}

function without(tree: Json): Json {
  if (Array.isArray(tree)) return tree.map(without);
  if (typeof tree === "string") return tree.replace(currentVersion, "$1N");
  if (!isObject(tree)) return tree;
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([key]) => !changing.has(key))
      .map(([key, value]) => [key, key === "message" ? withoutVersions(value) : without(value)]),
  );
}

/** Messages that name the server's present version. */
function withoutVersions(message: Json): Json {
  return typeof message === "string" ? message.replace(/current: \d+/, "current: N") : without(message);
}

/** Names of the columns and the cells without the age. */
function tableEssence(tree: { [key: string]: Json }): Json {
  const columns = list(tree["columnDefinitions"]).map((column) => (isObject(column) ? (column["name"] ?? "") : ""));
  const age = columns.findIndex((name) => name === "Age" || name === "Created At");
  const rows = list(tree["rows"]).map((row) => (isObject(row) ? list(row["cells"]) : []));
  // Later events of a watch come without columns: the age is their last cell.
  const drop = columns.length === 0 ? -1 : age;
  const kind = columns.includes("Secrets") ? "ServiceAccount" : "ConfigMap";
  const others = rows.filter(([name]) => !isOwn(kind, name));
  return { kind: "Table", columns, rows: others.map((cells) => cells.toSpliced(drop, 1)) };
}

function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
