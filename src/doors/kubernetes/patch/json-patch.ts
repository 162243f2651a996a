/**
 * JSON Patch.
 *
 * Source: RFC 6902 (https://www.rfc-editor.org/rfc/rfc6902), as evanphx/json-patch
 * v4.12 reads it, which upstream uses; its texts are kept. Two of its habits differ
 * from the RFC and are kept, since clients may rely on them: `replace` of an absent
 * member adds it, and a negative index counts from the end of a list.
 */
import { goQuote } from "../codec/go-quote.ts";
import { nestingDepthMax } from "../codec/decode-error.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson, isJsonObject } from "../codec/json.ts";
import { parseJsonPointer } from "./json-pointer.ts";
import { PatchError } from "./patch-error.ts";
import { PatchWork } from "./patch-work.ts";

/** Most operations in one patch (upstream: 413 above). */
export const jsonPatchOperationsMax = 10_000;

/** All values copied by `copy` operations of one patch together, in bytes of JSON. */
export const jsonPatchCopyBytesMax = 3_145_728;

type Container = JsonObject | JsonValue[];

interface Place {
  readonly container: Container;
  readonly key: string;
  /** How deep `key` is: 1 for a member of the document. */
  readonly depth: number;
}

/**
 * The document with all operations applied in order, or none: a new tree, of
 * which neither argument shares a part that could be changed through it. The
 * result need not be an object (a `replace` of the whole may put a list there).
 *
 * Raises {@link PatchError}: `bad-patch` when the operations are malformed,
 * `apply-failed` when one does not apply, `too-large` past
 * {@link jsonPatchOperationsMax}, or when the operations together would hold up
 * the server (see patch-work.ts). Depth is bounded as in a body.
 */
export function applyJsonPatch(document: JsonObject, operations: JsonValue): JsonValue {
  const list = checkOperations(operations);
  const patching = new Patching(cloneJson(document));
  for (const operation of list) patching.apply(operation);
  return patching.root;
}

/**
 * Texts for members of operations that no operation has, e.g.
 * `json patch unknown field "[0].foo"`: warnings, or with fieldValidation=Strict errors.
 */
export function jsonPatchUnknownFields(operations: JsonValue): string[] {
  if (!Array.isArray(operations)) return [];
  return operations.flatMap((operation, index) =>
    isJsonObject(operation)
      ? Object.keys(operation)
          .filter((name) => !["op", "path", "from", "value"].includes(name))
          .map((name) => `json patch unknown field ${goQuote(`[${index}].${name}`)}`)
      : [],
  );
}

function checkOperations(operations: JsonValue): (JsonObject | null)[] {
  if (operations === null) return [];
  if (!Array.isArray(operations)) throw wrongType(operations, "value of type []handlers.jsonPatchOp");
  for (const operation of operations) {
    if (operation === null) continue;
    if (!isJsonObject(operation)) throw wrongType(operation, "value of type handlers.jsonPatchOp");
    for (const name of ["op", "path", "from"]) {
      const value = operation[name] ?? null;
      if (value === null || typeof value === "string") continue;
      throw wrongType(value, `struct field jsonPatchOp.${name} of type string`);
    }
  }
  if (operations.length > jsonPatchOperationsMax) {
    const [limit, count] = [jsonPatchOperationsMax, operations.length];
    throw new PatchError("too-large", `The allowed maximum operations in a JSON patch is ${limit}, got ${count}`);
  }
  return operations.filter((operation) => operation === null || isJsonObject(operation));
}

function wrongType(value: JsonValue, target: string): PatchError {
  const type = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  return new PatchError("bad-patch", `error decoding patch: json: cannot unmarshal ${type} into Go ${target}`);
}

/** A patch under way: the tree it works on and what it has spent. */
class Patching {
  root: JsonValue;
  readonly #work = new PatchWork();
  #copiedBytes = 0;
  /** The tree is at most so deep. */
  #depthMax: number;

  constructor(root: JsonObject) {
    this.root = root;
    this.#depthMax = this.#work.depth(root);
  }

  apply(operation: JsonObject | null): void {
    const name = operation?.["op"] ?? "unknown";
    if (operation === null) throw failed("Unexpected kind: unknown");
    switch (name) {
      case "add":
        return this.#add(operation);
      case "remove":
        return this.#remove(operation);
      case "replace":
        return this.#replace(operation);
      case "move":
        return this.#move(operation);
      case "copy":
        return this.#copy(operation);
      case "test":
        return this.#test(operation);
      default:
        throw failed(`Unexpected kind: ${String(name)}`);
    }
  }

  #add(operation: JsonObject): void {
    const path = text(operation, "path") ?? fail("add operation failed to decode path: missing value");
    const place =
      this.#find(path) ?? fail(`add operation does not apply: doc is missing path: "${path}": missing value`);
    within(`error in add for path: '${path}'`, () => this.#insert(place, this.#valueOf(operation, place)));
  }

  #remove(operation: JsonObject): void {
    const path = text(operation, "path") ?? fail("remove operation failed to decode path: missing value");
    const place =
      this.#find(path) ?? fail(`remove operation does not apply: doc is missing path: "${path}": missing value`);
    within(`error in remove for path: '${path}'`, () => this.#take(place));
  }

  #replace(operation: JsonObject): void {
    const path = text(operation, "path") ?? fail(`replace operation failed to decode path: ${missingPath}`);
    if (path === "") return this.#replaceRoot(cloneJson(operation["value"] ?? null));
    const place =
      this.#find(path) ?? fail(`replace operation does not apply: doc is missing path: ${path}: missing value`);
    const { container, key } = place;
    const value = this.#valueOf(operation, place);
    if (!Array.isArray(container)) {
      container[key] = value;
      return;
    }
    try {
      container[elementIndex(container, key)] = value;
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      fail(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    }
  }

  #replaceRoot(value: JsonValue): void {
    // Upstream silently ignores a scalar here; saying so is safer for the client.
    if (!isJsonObject(value) && !Array.isArray(value)) fail("replace operation value must be object or array");
    this.root = value;
    this.#depthMax = this.#work.depth(value);
  }

  #move(operation: JsonObject): void {
    const from = text(operation, "from") ?? fail(`move operation failed to decode from: ${missingFrom}`);
    const source =
      this.#find(from) ?? fail(`move operation does not apply: doc is missing from path: ${from}: missing value`);
    const value = within(`error in move for path: '${source.key}'`, () => this.#take(source));
    const path = text(operation, "path") ?? fail(`move operation failed to decode path: ${missingPath}`);
    const target =
      this.#find(path) ??
      fail(`move operation does not apply: doc is missing destination path: ${path}: missing value`);
    this.#deepen(target, value);
    within(`error in move for path: '${path}'`, () => this.#insert(target, value));
  }

  #copy(operation: JsonObject): void {
    const from = text(operation, "from") ?? fail(`copy operation failed to decode from: ${missingFrom}`);
    const source =
      this.#find(from) ?? fail(`copy operation does not apply: doc is missing from path: ${from}: missing value`);
    const value = within(`error in copy for from: '${from}'`, () => read(source));
    const path = text(operation, "path") ?? fail("copy operation failed to decode path: missing value");
    const target =
      this.#find(path) ??
      fail(`copy operation does not apply: doc is missing destination path: ${path}: missing value`);
    this.#deepen(target, value);
    this.#countCopy(value);
    within("error while adding value during copy", () => this.#insert(target, cloneJson(value)));
  }

  #countCopy(value: JsonValue): void {
    this.#copiedBytes += Buffer.byteLength(JSON.stringify(value));
    if (this.#copiedBytes <= jsonPatchCopyBytesMax) return;
    const [size, limit] = [this.#copiedBytes, jsonPatchCopyBytesMax];
    fail(`Unable to complete the copy, the accumulated size increase of copy is ${size}, exceeding the limit ${limit}`);
  }

  #test(operation: JsonObject): void {
    const path = text(operation, "path") ?? fail(`test operation failed to decode path: ${missingPath}`);
    const value = operation["value"] ?? null;
    const actual = path === "" ? this.root : this.#valueToTest(path);
    if (!this.#work.equal(value, actual)) fail(`testing value ${path} failed: test failed`);
  }

  #valueToTest(path: string): JsonValue {
    const place = this.#find(path) ?? fail(`test operation does not apply: is missing path: ${path}: missing value`);
    return within(`error in test for path: '${path}'`, () => read(place));
  }

  /** The container and last key of a pointer; undefined when there is no such container. */
  #find(pointer: string): Place | undefined {
    const segments = parseJsonPointer(pointer);
    const key = segments?.pop();
    if (segments === undefined || key === undefined) return undefined;
    let container: JsonValue = this.root;
    for (const segment of segments) {
      if (Array.isArray(container)) container = container[findIndex(container, segment)] ?? null;
      else if (isJsonObject(container)) container = container[segment] ?? null;
      else return undefined;
    }
    if (!isJsonObject(container) && !Array.isArray(container)) return undefined;
    return { container, key, depth: segments.length + 1 };
  }

  #insert(place: Place, value: JsonValue): void {
    const { container, key } = place;
    if (!Array.isArray(container)) {
      container[key] = value;
      return;
    }
    if (key === "-") {
      container.push(value);
      return;
    }
    const index = insertionIndex(container, key);
    this.#work.moveItems(container.length - index);
    container.splice(index, 0, value);
  }

  #take(place: Place): JsonValue {
    const { container, key } = place;
    if (Array.isArray(container)) {
      const index = elementIndex(container, key);
      this.#work.moveItems(container.length - index);
      return container.splice(index, 1)[0] ?? null;
    }
    const value = container[key];
    if (value === undefined) fail(`Unable to remove nonexistent key: ${key}: missing value`);
    delete container[key];
    return value;
  }

  /** A copy of the operation's value, to put at a place. */
  #valueOf(operation: JsonObject, place: Place): JsonValue {
    const value = operation["value"] ?? null;
    this.#limitDepth(place.depth + this.#work.depth(value));
    return cloneJson(value);
  }

  /** Counts a part of the tree that is put at a place; measured only when the simple bound is passed. */
  #deepen(place: Place, value: JsonValue): void {
    if (place.depth + this.#depthMax <= nestingDepthMax) {
      this.#depthMax += place.depth;
      return;
    }
    this.#depthMax = this.#work.depth(this.root);
    this.#limitDepth(place.depth + this.#work.depth(value));
  }

  #limitDepth(depth: number): void {
    if (depth > nestingDepthMax) {
      throw new PatchError("too-large", `The allowed maximum nesting of an object is ${nestingDepthMax}`);
    }
    this.#depthMax = Math.max(this.#depthMax, depth);
  }
}

const missingPath = "operation missing path field: missing value";
const missingFrom = "operation, missing from field: missing value";

function failed(message: string): PatchError {
  return new PatchError("apply-failed", message);
}

function fail(message: string): never {
  throw failed(message);
}

/** Runs a step, and puts `context` before the text of its failure. */
function within<Result>(context: string, step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof PatchError) || error.kind !== "apply-failed") throw error;
    throw failed(`${context}: ${error.message}`);
  }
}

function text(operation: JsonObject, name: string): string | undefined {
  const value = operation[name];
  return typeof value === "string" ? value : undefined;
}

/** The value at a place; an absent member of an object reads as null. */
function read({ container, key }: Place): JsonValue {
  if (Array.isArray(container)) return container[elementIndex(container, key)] ?? null;
  return container[key] ?? null;
}

/** The index of an existing element; raises when there is none. */
function elementIndex(list: readonly JsonValue[], key: string): number {
  const index = parseIndex(key);
  if (index >= list.length || index < -list.length) {
    fail(`Unable to access invalid index: ${index}: invalid index referenced`);
  }
  return index < 0 ? index + list.length : index;
}

/** Where a new element goes; one past the end is allowed. */
function insertionIndex(list: readonly JsonValue[], key: string): number {
  const index = within(`value was not a proper array index: '${key}'`, () => parseIndex(key));
  if (index > list.length || index < -list.length - 1) {
    fail(`Unable to access invalid index: ${index}: invalid index referenced`);
  }
  return index < 0 ? index + list.length + 1 : index;
}

/** The index of an element on the way, or -1 when there is none. */
function findIndex(list: readonly JsonValue[], segment: string): number {
  if (!/^[-+]?[0-9]{1,15}$/.test(segment)) return -1;
  const index = Number(segment);
  return index < 0 ? index + list.length : index;
}

/** An integer as Go's Atoi reads it. */
function parseIndex(key: string): number {
  if (!/^[-+]?[0-9]+$/.test(key)) fail(`strconv.Atoi: parsing ${goQuote(key)}: invalid syntax`);
  const index = Number(key);
  if (!Number.isSafeInteger(index)) fail(`strconv.Atoi: parsing ${goQuote(key)}: value out of range`);
  return index === 0 ? 0 : index; // not -0
}
