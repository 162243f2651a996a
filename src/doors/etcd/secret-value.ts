/**
 * A value of etcd's and a canonical secret: what an API server of Kubernetes stores of a Secret is its protobuf form in the
 * envelope of its API.
 *
 * Invariant: what was written is read back byte for byte. A value that our tables do not give back so - encrypted
 * by the API server, in JSON, with fields that we do not know - is kept as it is: as the one value of an immutable
 * secret of the type {@link opaqueType}, which says of itself what it is.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Secret, SecretState } from "../../core/secrets/canonical-secret.ts";
import { clusterValueType } from "../../core/secrets/secret-of-cluster.ts";
import { isJsonObject, jsonObject } from "../kubernetes/codec/json.ts";
import type { JsonObject } from "../kubernetes/codec/json.ts";
import { DecodeError } from "../kubernetes/codec/decode-error.ts";
import { decodeMessage, encodeMessage } from "../kubernetes/codec/protobuf.ts";
import { decodeEnvelope, encodeEnvelope } from "../kubernetes/codec/protobuf-envelope.ts";
import { secretKind } from "../kubernetes/kinds/secret.ts";
import { validateCreate } from "../kubernetes/kinds/validate-object.ts";
import { Secret as SecretMessage } from "../kubernetes/schema/core-v1.ts";
import { secretStateOf, StoredSecret } from "../kubernetes/storage/secret-storage.ts";
import { metadataOf, objectField, stringField } from "../kubernetes/validation/object-fields.ts";

export const opaqueType = clusterValueType;
/** The key under which they have it. */
const opaqueKey = "value";
/** The annotation that says how the value begins: `k8s:enc:PROVIDER:...` where the API server encrypts. */
const formAnnotation = "strongroom.dev/etcd-value-form";

const typeName = { apiVersion: "v1", kind: "Secret" };

export interface ValueFacts {
  /** Here. */
  readonly namespace: string;
  /** The cluster's name of the same, which is in the value. */
  readonly inCluster: string;
  readonly name: string;
  /** For what is kept as it is; a Secret brings its own. */
  readonly uid: string;
  readonly now: Date;
}

/** What a value becomes here, as a tree of the Kubernetes door. Raises `invalid` for what is a Secret, but not this one. */
export function treeOfValue(value: Uint8Array, facts: ValueFacts): JsonObject {
  const tree = representable(value);
  if (tree === undefined) return opaqueTree(value, facts);
  const { namespace, inCluster, name } = facts;
  const metadata = metadataOf(tree);
  if (stringField(metadata, "namespace") !== inCluster || stringField(metadata, "name") !== name) {
    throw new StrongroomError("invalid", "the namespace and name of a Secret must be those of its key");
  }
  if (isJsonObject(tree["metadata"])) tree["metadata"]["namespace"] = namespace;
  if (stringField(metadata, "uid") === "") throw new StrongroomError("invalid", "a Secret must have a uid");
  const [invalid] = validateCreate(secretKind, tree);
  if (invalid !== undefined) throw new StrongroomError("invalid", `${invalid.field} of the Secret must be valid`);
  return tree;
}

/** The state to be written for such a tree; with the revision of the cluster's etcd, where it is copied from there. */
export function stateOfTree(tree: JsonObject, cluster: string, adoptedAt?: number): SecretState {
  return { ...secretStateOf(tree), cluster, adoptedAt };
}

/** The Secret in a value, if our tables give the same bytes back. */
function representable(value: Uint8Array): JsonObject | undefined {
  try {
    const { apiVersion, kind, raw } = decodeEnvelope(value);
    if (kind !== typeName.kind || apiVersion !== typeName.apiVersion) return undefined;
    const tree = decodeMessage(SecretMessage, raw);
    if (stringField(tree, "type") === opaqueType) return undefined;
    return Buffer.compare(valueOfTree(tree), value) === 0 ? tree : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function valueOfTree(tree: JsonObject): Uint8Array {
  return encodeEnvelope(typeName, encodeMessage(SecretMessage, tree));
}

function opaqueTree(value: Uint8Array, { namespace, name, uid, now }: ValueFacts): JsonObject {
  const annotations = jsonObject([[formAnnotation, formOf(value)]]);
  const metadata = jsonObject([
    ["name", name],
    ["namespace", namespace],
    ["uid", uid],
    ["creationTimestamp", `${now.toISOString().slice(0, 19)}Z`],
    ["annotations", annotations],
  ]);
  return jsonObject([
    ["metadata", metadata],
    ["immutable", true],
    ["data", jsonObject([[opaqueKey, Buffer.from(value).toString("base64")]])],
    ["type", opaqueType],
  ]);
}

/** How a value begins, as far as that tells nothing of what it says. Source: apiserver pkg/storage/value/transformer.go. */
function formOf(value: Uint8Array): string {
  const head = Buffer.from(value.subarray(0, 200)).toString("latin1");
  const encrypted = /^k8s:enc:[a-z]+(:v[0-9]+)?:[A-Za-z0-9._-]+:/.exec(head);
  if (encrypted !== null) return encrypted[0];
  if (head.startsWith("k8s\0")) return "protobuf";
  return head.startsWith("{") ? "json" : "unknown";
}

/** Encoded once for each state: what is watched is told to many. */
const values = new WeakMap<Secret, Uint8Array>();

/** The value that an API server reads, in which the namespace has the cluster's name for it: always the same for one secret. */
export function valueOfSecret(secret: Secret, inCluster: string): Uint8Array {
  const known = values.get(secret);
  if (known !== undefined) return known;
  const tree = new StoredSecret(secret).tree();
  const metadata = tree["metadata"];
  // The revision is of the key, not of the value.
  if (isJsonObject(metadata)) {
    delete metadata["resourceVersion"];
    metadata["namespace"] = inCluster;
  }
  const value = isOpaque(secret) ? opaqueValue(tree) : valueOfTree(tree);
  values.set(secret, value);
  return value;
}

/** Only this door writes for clusters, and never a Secret of that type; others may write it as they like. */
function isOpaque({ book }: Secret): boolean {
  return book.cluster !== undefined && book.type === opaqueType;
}

function opaqueValue(tree: JsonObject): Uint8Array {
  return Buffer.from(stringField(objectField(tree, "data"), opaqueKey), "base64");
}
