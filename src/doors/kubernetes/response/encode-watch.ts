/**
 * Frames of a watch stream. An event is encoded once per format, however many
 * watches receive it.
 */
import type { Revision } from "../../../store/revision.ts";
import { statusOf } from "../api-error.ts";
import type { ApiError } from "../api-error.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { encodeWatchFrame } from "../codec/protobuf-envelope.ts";
import type { Kind } from "../kinds/kind.ts";
import { Status } from "../schema/meta-v1.ts";
import type { Message } from "../schema/schema.ts";
import type { ObjectEvent, StoredObject } from "../storage/kind-storage.ts";
import type { Transition } from "../verbs/watch-transition.ts";
import { apiVersionOf, encodeTree, encodeWholeObject, partialMetadataTree, viewSchema } from "./encode-object.ts";
import { formatKey } from "./output-format.ts";
import type { OutputFormat } from "./output-format.ts";
import { tableRow, tableTree } from "./table.ts";

/** Encodings of events by what makes them differ: type, format, and a Table's first event. */
const encoded = new WeakMap<ObjectEvent, Map<string, Buffer>>();

const newline = 10;

export class WatchEncoder {
  readonly #kind: Kind;
  readonly #format: OutputFormat;
  readonly #formatKey: string;
  readonly #now: () => Date;
  /** Only the first event of a Table watch carries the columns. */
  #first = true;

  constructor(kind: Kind, format: OutputFormat, now: () => Date) {
    this.#kind = kind;
    this.#format = { ...format, pretty: false };
    this.#formatKey = formatKey(format);
    this.#now = now;
  }

  /** The frame of a change. */
  event(event: ObjectEvent, change: Transition): Buffer {
    const key = `${change.type} ${this.#formatKey}${this.#format.view === "table" && this.#first ? " first" : ""}`;
    let frames = encoded.get(event);
    if (frames === undefined) encoded.set(event, (frames = new Map<string, Buffer>()));
    let frame = frames.get(key);
    if (frame === undefined) frames.set(key, (frame = this.object(change.type, change.object)));
    this.#first = false;
    return frame;
  }

  /** The frame of an object that is not (or not only) an event. */
  object(type: Transition["type"], object: StoredObject): Buffer {
    return this.#frame(type, this.#objectBytes(object));
  }

  /** A BOOKMARK: nothing but a resourceVersion; the end of the initial events is marked by an annotation. */
  bookmark(revision: Revision, mark: { readonly initialEventsEnd: boolean }): Buffer {
    const metadata = jsonObject([["resourceVersion", String(revision)]]);
    if (mark.initialEventsEnd) metadata["annotations"] = jsonObject([["k8s.io/initial-events-end", "true"]]);
    return this.#frame(
      "BOOKMARK",
      encodeTree(this.#bookmarkTree(metadata), viewSchema(this.#kind, this.#format), this.#format),
    );
  }

  /** An ERROR with the Status of a failure, after which the stream ends. */
  error(error: ApiError): Buffer {
    return this.#frame("ERROR", this.#tree(statusOf(error), Status));
  }

  #objectBytes(object: StoredObject): Buffer {
    const { view } = this.#format;
    switch (view) {
      case "object":
        return encodeWholeObject(this.#kind, object, this.#format);
      case "partial-metadata":
        return this.#tree(partialMetadataTree(object, this.#format), viewSchema(this.#kind, this.#format));
      case "table":
        return this.#table([tableRow(this.#kind, object, this.#format, this.#now())], String(object.revision));
      default:
        return view satisfies never;
    }
  }

  #table(rows: JsonObject[], resourceVersion: string): Buffer {
    const columns = this.#first;
    this.#first = false;
    const metadata = jsonObject([["resourceVersion", resourceVersion]]);
    const tree = tableTree({ kind: this.#kind, format: this.#format, rows, metadata, columns });
    return this.#tree(tree, this.#kind.schema);
  }

  #bookmarkTree(metadata: JsonObject): JsonObject {
    const { view, viewVersion } = this.#format;
    if (view === "table") {
      return tableTree({ kind: this.#kind, format: this.#format, rows: [], metadata, columns: false });
    }
    const [kind, apiVersion] =
      view === "object"
        ? [this.#kind.kind, apiVersionOf(this.#kind)]
        : ["PartialObjectMetadata", `meta.k8s.io/${viewVersion}`];
    metadata["creationTimestamp"] = null;
    return jsonObject([
      ["kind", kind],
      ["apiVersion", apiVersion],
      ["metadata", metadata],
    ]);
  }

  #tree(tree: JsonObject, schema: Message): Buffer {
    return encodeTree(tree, schema, this.#format);
  }

  #frame(type: string, object: Buffer): Buffer {
    if (this.#format.media === "application/vnd.kubernetes.protobuf")
      return Buffer.from(encodeWatchFrame(type, object));
    const end = object.at(-1) === newline ? object.subarray(0, -1) : object;
    return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), end, Buffer.from("}\n")]);
  }
}
