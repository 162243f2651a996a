/**
 * Secrets of the type `kubernetes.io/service-account-token`: fills them, deletes those whose account is gone or another
 * one, takes the names of deleted ones out of their account, and notes when their tokens are used.
 *
 * Source: k/k pkg/controller/serviceaccount/tokens_controller.go; pkg/serviceaccount/legacy.go for the label.
 */
import { dayOf, lastUsedLabel } from "../../../../identity/tokens/legacy-tokens.ts";
import type { TokenIssuer } from "../../../../identity/tokens/token-issuer.ts";
import { ApiError } from "../../api-error.ts";
import { isJsonObject, jsonObject } from "../../codec/json.ts";
import type { JsonObject } from "../../codec/json.ts";
import type { Kind } from "../../kinds/kind.ts";
import { ownObject } from "../../kinds/own-object.ts";
import { secretKind } from "../../kinds/secret.ts";
import { serviceAccountKind } from "../../kinds/service-account.ts";
import { ownMetadata } from "../../kinds/system-fields.ts";
import type { KindStorage, StoredObject } from "../../storage/kind-storage.ts";
import { objectField, objectsField, stringField } from "../../validation/object-fields.ts";
import type { SystemClient } from "../system-client.ts";
import { backgroundDeletion } from "./background-deletion.ts";
import type { SecretPlace } from "./follow-token-secrets.ts";

/** The name of the service account that this controller writes as. */
export const tokensControllerName = "tokens-controller";

const nameAnnotation = "kubernetes.io/service-account.name";
const uidAnnotation = "kubernetes.io/service-account.uid";

export interface AccountTokensOptions {
  readonly storage: (kind: Kind) => KindStorage;
  readonly client: SystemClient;
  readonly issuer: TokenIssuer;
  /** The certificate of the authority that the server's own certificate is verified by. */
  readonly caPem: string;
  readonly now: () => Date;
}

/** A secret, and the account that it was last seen to be of. */
export interface AccountSecret extends SecretPlace {
  readonly account: string;
}

/** The account that a secret names. */
export function accountOf(secret: StoredObject): string {
  return stringField(annotationsOf(secret), nameAnnotation);
}

function annotationsOf(secret: StoredObject): Readonly<JsonObject> {
  return objectField(secret.metadata(), "annotations");
}

/** Makes one secret what it has to be. Raises what is to be tried again. */
export async function settleSecret(options: AccountTokensOptions, place: AccountSecret): Promise<void> {
  const { namespace, name } = place;
  const secret = await options.storage(secretKind).get(namespace, name);
  if (secret === undefined) return forget(options, place);
  const account = await options.storage(serviceAccountKind).get(namespace, accountOf(secret));
  const asked = stringField(annotationsOf(secret), uidAnnotation);
  const isOwned = account !== undefined && (asked === "" || asked === uidOf(account));
  if (!isOwned) return remove(options, secret);
  if (isFilled(secret, options.caPem)) return;
  await fill(options, secret, uidOf(account));
}

function uidOf(object: StoredObject): string {
  return stringField(object.metadata(), "uid");
}

async function remove({ client }: AccountTokensOptions, secret: StoredObject): Promise<void> {
  await client.delete(secretKind, secret, backgroundDeletion(uidOf(secret))).catch(ignoreMoved);
}

function isFilled(secret: StoredObject, caPem: string): boolean {
  const data = objectField(secret.tree(), "data");
  return data["ca.crt"] === encode(caPem) && stringField(data, "namespace") !== "" && stringField(data, "token") !== "";
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

async function fill(options: AccountTokensOptions, secret: StoredObject, accountUid: string): Promise<void> {
  const { namespace, name } = secret;
  const account = { name: accountOf(secret), uid: accountUid };
  const token = await options.issuer.legacy({ namespace, secretName: name, account });
  const next = (previous: StoredObject): JsonObject => {
    const tree = previous.tree();
    // Another one of that name is looked at by itself.
    if (uidOf(previous) !== uidOf(secret)) return unconditional(tree);
    const data = ownObject(tree, "data");
    data["ca.crt"] = encode(options.caPem);
    if (stringField(data, "namespace") === "") data["namespace"] = encode(namespace);
    if (stringField(data, "token") === "") data["token"] = encode(token);
    const annotations = ownObject(ownMetadata(tree), "annotations");
    annotations[nameAnnotation] = account.name;
    annotations[uidAnnotation] = account.uid;
    return unconditional(tree);
  };
  await options.client.change(secretKind, secret, next).catch(ignoreMoved);
}

/** Changed as it is found, and not only as it was read. */
function unconditional(tree: JsonObject): JsonObject {
  delete ownMetadata(tree)["resourceVersion"];
  return tree;
}

/** A secret that is gone is not named by its account any more. */
async function forget(options: AccountTokensOptions, { namespace, name, account }: AccountSecret): Promise<void> {
  const stored = account === "" ? undefined : await options.storage(serviceAccountKind).get(namespace, account);
  if (stored === undefined || !names(stored.tree(), name)) return;
  const next = (previous: StoredObject): JsonObject => {
    const tree = previous.tree();
    const others = objectsField(tree, "secrets").filter((reference) => stringField(reference, "name") !== name);
    tree["secrets"] = others.map((reference) => jsonObject(Object.entries(reference)));
    if (others.length === 0) delete tree["secrets"];
    return unconditional(tree);
  };
  await options.client.change(serviceAccountKind, stored, next).catch(ignoreMoved);
}

function names(account: JsonObject, secret: string): boolean {
  return objectsField(account, "secrets").some((reference) => stringField(reference, "name") === secret);
}

/** Notes on a secret that its token was used today. */
export async function noteUse(
  { client, now }: AccountTokensOptions,
  used: SecretPlace & { readonly uid: string },
): Promise<void> {
  const next = (previous: StoredObject): JsonObject => {
    const tree = previous.tree();
    if (uidOf(previous) !== used.uid) return unconditional(tree);
    const metadata = ownMetadata(tree);
    const labels = isJsonObject(metadata["labels"]) ? metadata["labels"] : jsonObject();
    labels[lastUsedLabel] = dayOf(now().getTime());
    metadata["labels"] = labels;
    return unconditional(tree);
  };
  await client.change(secretKind, used, next).catch(ignoreMoved);
}

/** It is gone, another one of that name, or will not be changed by trying again: what becomes of it is told anew. */
function ignoreMoved(error: unknown): void {
  if (!(error instanceof ApiError) || !["NotFound", "Conflict", "Invalid"].includes(error.reason)) throw error;
}
