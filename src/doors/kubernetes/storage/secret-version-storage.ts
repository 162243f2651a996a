/** The history of secrets as objects, made when they are read. */
import type { SecretHistory, VersionFacts, VersionPlace } from "../../../core/secrets/secret-history.ts";
import type { Payload } from "../../../core/secrets/canonical-secret.ts";
import type { Secrets } from "../../../core/secrets/secrets.ts";
import { parseStoredJson } from "../codec/json-parser.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { apiTime } from "../kinds/system-fields.ts";
import type { KindStorage, ObjectPosition, StoredObject } from "./kind-storage.ts";
import { readOnlyStorage } from "./read-only-storage.ts";
import { treeObject } from "./tree-object.ts";

const storedPrefix = "/registry/strongroom.dev/secretversions/";

/** The storage of `secretversions`, without values; `withValues` reads single ones with them. */
export function secretVersionStorage(secrets: Secrets, history: SecretHistory): KindStorage {
  const prefix = (namespace: string) => storedPrefix + (namespace === "" ? "" : `${namespace}/`);
  const keyOf = (object: StoredObject) => `${prefix(object.namespace)}${object.name}`;
  const get = async (namespace: string, name: string) => {
    const place = placeOf(namespace, name);
    const facts = place && (await history.get(place));
    return facts && versionObject(facts, undefined);
  };
  const base = readOnlyStorage({ prefix, currentRevision: () => secrets.currentRevision() });
  return {
    ...base,
    get,
    async list(position) {
      if (position.name !== undefined) {
        const found = await get(position.namespace, position.name);
        const revision = position.revision ?? (await secrets.currentRevision());
        return { objects: found === undefined ? [] : [found], revision, continueAfter: undefined };
      }
      const { versions, revision, more } = await history.list({ ...rangeOf(position) });
      const objects = versions.map((facts) => versionObject(facts, undefined));
      const last = objects.at(-1);
      return { objects, revision, continueAfter: more && last !== undefined ? keyOf(last) : undefined };
    },
    withValues: {
      ...base,
      async get(namespace, name) {
        const place = placeOf(namespace, name);
        const found = place && (await history.value(place));
        return found && versionObject(found.facts, found.version.payload);
      },
      list: () => Promise.reject(new TypeError("values of versions must be read one by one")),
    },
  };
}

function rangeOf({ namespace, ofSecret, after, limit, revision }: ObjectPosition) {
  // A name says where to look only inside a namespace; elsewhere the selector of the list takes out the others.
  const name = namespace === "" ? undefined : ofSecret;
  return { namespace, name, after: after === undefined ? undefined : placeOfKey(after), limit, revision };
}

/** `NAMESPACE/SECRET.vN` behind the prefix; a token that is none begins anew. */
function placeOfKey(key: string): VersionPlace | undefined {
  const [namespace = "", name = ""] = key.slice(storedPrefix.length).split("/");
  return placeOf(namespace, name);
}

function placeOf(namespace: string, name: string): VersionPlace | undefined {
  const [, secret = "", number = ""] = /^(.+)\.v([1-9][0-9]{0,9})$/.exec(name) ?? [];
  return secret === "" ? undefined : { namespace, name: secret, number: Number(number) };
}

function versionObject(facts: VersionFacts, payload: Payload | undefined): StoredObject {
  const { namespace, name, uid, revision, promotion } = facts;
  const resourceVersion = String(revision);
  const object = treeObject(versionTree(facts, payload));
  const header = payload === undefined ? object : treeObject(versionTree(facts, undefined));
  return {
    ...object,
    sizeBytes: estimatedBytes + (payload?.bytes.length ?? 0),
    header: () => header.header(),
    disclosure: () => ({ namespace, name, uid, resourceVersion, version: promotion.number }),
  };
}

const estimatedBytes = 1024;

function versionTree(facts: VersionFacts, payload: Payload | undefined): JsonObject {
  const { promotion, changes } = facts;
  return jsonObject([
    ["metadata", metadataTree(facts)],
    ["secret", facts.name],
    ["secretUID", facts.uid],
    ["version", promotion.number],
    ["current", facts.isCurrent],
    ["type", facts.type],
    ["author", promotion.author],
    ["door", promotion.door],
    ["time", promotion.time],
    ...(promotion.again === undefined ? [] : [["again", promotion.again] as const]),
    ["sizeBytes", facts.payloadBytes],
    [
      "keys",
      facts.keys.map(({ name, sizeBytes }) =>
        jsonObject([
          ["name", name],
          ["sizeBytes", sizeBytes],
        ]),
      ),
    ],
    ...(changes === undefined ? [] : [["changes", namedLists({ ...changes })] as const]),
    ...(payload === undefined || payload.bytes.length <= 2 ? [] : [["data", parseStoredJson(payload.bytes)] as const]),
  ]);
}

function metadataTree({ namespace, name, promotion, revision }: VersionFacts): JsonObject {
  return jsonObject([
    ["name", `${name}.v${promotion.number}`],
    ["namespace", namespace],
    ["uid", uuidOf(promotion.id)],
    ["resourceVersion", String(revision)],
    ["creationTimestamp", apiTime(new Date(promotion.time))],
  ]);
}

function namedLists(lists: Readonly<Record<string, readonly string[]>>): JsonObject {
  const filled = Object.entries(lists).filter(([, names]) => names.length > 0);
  return jsonObject(filled.map(([field, names]): [string, JsonValue] => [field, [...names]]));
}

/** The id of a promotion in the form of a uid. */
function uuidOf(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
