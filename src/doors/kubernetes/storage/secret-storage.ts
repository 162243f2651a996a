/** Secrets of the Kubernetes door: trees on this side, the core's canonical secret on the other. */
import type { Disclosure } from "../../../audit/audit-event.ts";
import { objectPrefix } from "../../../core/registry-keys.ts";
import { objectUidOf } from "../../../core/secrets/canonical-secret.ts";
import type { Payload, Secret, SecretState } from "../../../core/secrets/canonical-secret.ts";
import type { SecretHistory } from "../../../core/secrets/secret-history.ts";
import type { SecretTrash } from "../../../core/secrets/secret-trash.ts";
import { ofUnversioned } from "../../../core/secrets/secret-watcher.ts";
import type { SecretEvent, SecretWatcher } from "../../../core/secrets/secret-watcher.ts";
import type { Secrets, Writer } from "../../../core/secrets/secrets.ts";
import type { Revision } from "../../../store/revision.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { parseStoredJson } from "../codec/json-parser.ts";
import { writeJson } from "../codec/json-writer.ts";
import { uidOfDeleted } from "./deleted-secret-storage.ts";
import type { KindStorage, ObjectEvent, ObjectWatcher, StoredObject, VersionedStorage } from "./kind-storage.ts";
import { stringField } from "../validation/object-fields.ts";
import { Secret as SecretMessage } from "../schema/core-v1.ts";
import { canonicalObject } from "./canonical-order.ts";
import { withoutResourceVersion } from "./resource-version.ts";
import { mayRepeatValues, payloadKeys, repeatingAnnotations } from "./value-places.ts";
import type { ValuePlaces } from "./value-places.ts";

/** A secret as an object of this door. */
export class StoredSecret implements StoredObject {
  readonly secret: Secret;
  #metadata: JsonObject | undefined;
  #header: JsonObject | undefined;
  #places: ValuePlaces | undefined;

  constructor(secret: Secret) {
    this.secret = secret;
  }

  get namespace(): string {
    return this.secret.namespace;
  }

  get name(): string {
    return this.secret.name;
  }

  get revision() {
    return this.secret.revision;
  }

  get sizeBytes(): number {
    return this.secret.metadata.length + this.secret.payload.bytes.length;
  }

  get cluster(): string | undefined {
    return this.secret.book.cluster;
  }

  get linkedFrom(): string | undefined {
    return this.secret.book.linkedFrom;
  }

  itemJson(): Buffer {
    return itemJson(this.secret, this.secret.payload);
  }

  tree(): JsonObject {
    return parsed(this.itemJson());
  }

  metadata(): JsonObject {
    this.#metadata ??= parsed(this.secret.metadata);
    return this.#metadata;
  }

  header(): JsonObject {
    this.#header ??= jsonObject([
      ["metadata", this.metadata()],
      ["type", this.secret.book.type],
    ]);
    return this.#header;
  }

  disclosure(): Disclosure {
    const { namespace, name, book, revision } = this.secret;
    const { linkedFrom } = book;
    const which = { namespace, name, uid: objectUidOf(book), resourceVersion: String(revision) };
    return linkedFrom === undefined ? which : { ...which, linkedFrom };
  }

  valuePlaces(): ValuePlaces {
    const { metadata, payload } = this.secret;
    this.#places ??= {
      keys: payloadKeys(payload.bytes),
      annotations: mayRepeatValues(metadata) ? repeatingAnnotations(this.metadata()) : [],
    };
    return this.#places;
  }

  at(revision: Revision): StoredObject {
    return new StoredSecret({ ...this.secret, revision });
  }
}

const emptyMap = "{}";
const dataLabel = Buffer.from(',"data":');
const comma = Buffer.from(",");

/** The object of a current or last state, spliced from what is stored. */
function itemJson(
  { metadata, rest, revision }: Pick<Secret, "metadata" | "rest" | "revision">,
  payload: Payload,
): Buffer {
  const data = payload.bytes.length > emptyMap.length ? [dataLabel, payload.bytes] : [];
  return Buffer.concat([
    Buffer.from(`{"metadata":{"resourceVersion":"${revision}",`),
    metadata.subarray(1),
    ...data,
    comma,
    rest.subarray(1),
  ]);
}

function parsed(bytes: Buffer): JsonObject {
  const value = parseStoredJson(bytes);
  return isJsonObject(value) ? value : jsonObject();
}

/** What serves versions beside the secrets themselves. */
export interface VersionParts {
  readonly history: SecretHistory;
  readonly trash: SecretTrash;
}

/** The storage of `secrets` over the core; without `parts`, nothing is done with versions. */
export function secretStorage(secrets: Secrets, parts?: VersionParts): KindStorage {
  return {
    prefix: (namespace) => objectPrefix("secrets", namespace),
    async get(namespace, name) {
      const secret = await secrets.get(namespace, name);
      return secret === undefined ? undefined : new StoredSecret(secret);
    },
    async list(position) {
      const page = await secrets.list(position);
      return { ...page, objects: page.secrets.map((secret) => new StoredSecret(secret)) };
    },
    async listUnversioned(position) {
      const page = await secrets.listUnversioned(position);
      return { ...page, objects: page.secrets.map((secret) => new StoredSecret(secret)) };
    },
    count: (namespace, after, revision) => secrets.count(namespace, after, revision),
    create: async (tree, writer) => new StoredSecret(await secrets.create(secretStateOf(tree), writer)),
    async replace(previous, tree, writer) {
      const stored = storedSecret(previous);
      const state = secretStateOf(tree);
      if (sameState(stored.secret, state)) return previous;
      return new StoredSecret(await secrets.replace(stored.secret, state, writer));
    },
    findUnreadable: (namespace, name) => secrets.findUnreadable(namespace, name),
    removeUnreadable: (record) => secrets.removeUnreadable(record),
    delete: (previous, writer: Writer) => secrets.delete(storedSecret(previous).secret, writer),
    watch: (namespace, from, name) => new SecretObjectWatcher(secrets.watch(namespace, from, name)),
    watchUnversioned: (from) => new SecretObjectWatcher(secrets.watch("", from, "", ofUnversioned)),
    currentRevision: () => secrets.currentRevision(),
    ...(parts !== undefined && { versions: versionsOf(secrets, parts) }),
  };
}

function versionsOf(secrets: Secrets, { history, trash }: VersionParts): VersionedStorage {
  return {
    numberOf: (object) => (object instanceof StoredSecret ? object.secret.book.promotion?.number : undefined),
    read: (object, number) => history.read(storedSecret(object).secret.book, number),
    isOf: (object, { identity }) => storedSecret(object).secret.book.uid === identity.uid,
    dataOf: ({ payload }) => parsed(payload.bytes),
    async promote(previous, tree, version, writer) {
      const stored = storedSecret(previous);
      const state = secretStateOf(tree);
      if (sameState(stored.secret, state)) return previous;
      return new StoredSecret(await secrets.replace(stored.secret, state, writer, version));
    },
    async findDeleted(namespace, name) {
      const found = await trash.get(namespace, uidOfDeleted(name));
      return found !== undefined && name.startsWith(`${found.name}.`) ? found : undefined;
    },
    async deletedTree(deleted) {
      return parsed(itemJson(deleted, await trash.payload(deleted)));
    },
    restore: async (deleted, tree, writer) =>
      new StoredSecret(await secrets.restore(deleted, secretStateOf(tree), writer)),
  };
}

function storedSecret(object: StoredObject): StoredSecret {
  if (!(object instanceof StoredSecret))
    throw new TypeError("a secret must have been read from the storage of secrets");
  return object;
}

/** The canonical form of a defaulted and validated tree. */
export function secretStateOf(tree: JsonObject): SecretState {
  const { metadata = jsonObject(), data = jsonObject(), ...rest } = canonicalObject(SecretMessage, tree);
  const fields = isJsonObject(metadata) ? metadata : jsonObject();
  return {
    namespace: stringField(fields, "namespace"),
    name: stringField(fields, "name"),
    uid: stringField(fields, "uid"),
    type: stringField(tree, "type"),
    metadata: writeJson(withoutResourceVersion(fields)),
    rest: writeJson(rest),
    payload: { form: "map", bytes: Buffer.from(writeJson(data), "utf8") },
  };
}

function sameState(stored: Secret, state: SecretState): boolean {
  return (
    stored.payload.bytes.equals(state.payload.bytes) &&
    stored.metadata.equals(Buffer.from(state.metadata, "utf8")) &&
    stored.rest.equals(Buffer.from(state.rest, "utf8"))
  );
}

/** Shared by all watchers: the core hands the same event object to all of them. */
const objectEvents = new WeakMap<SecretEvent, ObjectEvent>();

class SecretObjectWatcher implements ObjectWatcher {
  readonly #watcher: SecretWatcher;

  constructor(watcher: SecretWatcher) {
    this.#watcher = watcher;
  }

  async next() {
    const batch = await this.#watcher.next();
    return batch === undefined ? undefined : { events: batch.events.map(objectEvent), revision: batch.revision };
  }

  requestProgress(): void {
    this.#watcher.requestProgress();
  }

  close(): void {
    this.#watcher.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watcher[Symbol.asyncDispose]();
  }
}

function objectEvent(event: SecretEvent): ObjectEvent {
  const known = objectEvents.get(event);
  if (known !== undefined) return known;
  let previous: Promise<StoredObject | undefined> | undefined;
  const converted: ObjectEvent = {
    type: event.type,
    revision: event.revision,
    object: event.secret === undefined ? undefined : new StoredSecret(event.secret),
    existed: event.existed,
    previous: () => {
      previous ??= event.previous().then((secret) => (secret === undefined ? undefined : new StoredSecret(secret)));
      return previous;
    },
  };
  objectEvents.set(event, converted);
  return converted;
}
