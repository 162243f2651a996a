/** What the audit log needs of its instance: a seal from the root key, a signing key and a head that the store keeps. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { AuditKeys, AuditSeal, ChainHead, ChainHeadStorage } from "../audit/log/log-keys.ts";
import { unwrapKey, wrapKey } from "../crypto/key-wrapping.ts";
import { notAuthentic } from "../crypto/not-authentic.ts";
import type { RootKey } from "../crypto/root-key/root-key.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Store } from "../store/store.ts";
import type { Instance } from "./instance.ts";

const signingKeyPlace = "/strongroom/audit/signing-key";
const headPlace = "/strongroom/audit/head";

/** Wraps the keys of segments under a subkey of the root key. */
export function auditSeal(rootKey: RootKey): AuditSeal {
  const wrappingKey = rootKey.derive("audit/data-key-wrapping");
  const authenticatedData = Buffer.from(`strongroom.dev/audit/data-key\0${rootKey.id}`);
  return {
    wrap: async (dataKey) => wrapKey(wrappingKey, dataKey, authenticatedData),
    async unwrap(wrapped) {
      try {
        return unwrapKey(wrappingKey, wrapped, authenticatedData);
      } catch (error) {
        throw notAuthentic(error);
      }
    },
  };
}

/** The seal, and the signing key, which is made when the store has none. */
export async function openAuditKeys(instance: Pick<Instance, "id" | "rootKey">, store: Store): Promise<AuditKeys> {
  const signingKey = (await loadSigningKey(store)) ?? (await createSigningKey(store));
  return {
    instance: instance.id,
    seal: auditSeal(instance.rootKey),
    signingKey,
    publicKey: createPublicKey(signingKey),
  };
}

async function loadSigningKey(store: Store): Promise<KeyObject | undefined> {
  const record = await store.get(signingKeyPlace);
  if (record === undefined) return undefined;
  return createPrivateKey({ key: Buffer.from(record.value), format: "der", type: "pkcs8" });
}

async function createSigningKey(store: Store): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const value = privateKey.export({ format: "der", type: "pkcs8" });
  await store.txn({
    compares: [{ key: signingKeyPlace, target: "version", relation: "=", value: 0 }],
    thens: [{ type: "put", key: signingKeyPlace, value }],
  });
  const stored = await loadSigningKey(store);
  if (stored !== undefined) return stored;
  throw new StrongroomError("corrupt", "the store must hold the key that was just put there");
}

/** Where the store keeps how long the log is. */
export function storedChainHead(store: Store): ChainHeadStorage {
  return {
    async load() {
      const record = await store.get(headPlace);
      return record === undefined ? undefined : readHead(Buffer.from(record.value).toString("utf8"));
    },
    async save(head) {
      const value = Buffer.from(JSON.stringify(head));
      await store.txn({ compares: [], thens: [{ type: "put", key: headPlace, value }] });
    },
  };
}

function readHead(text: string): ChainHead {
  const head = Object(JSON.parse(text)) as Partial<ChainHead>; // each field is checked next
  const numbers = [head.position, head.segment, head.offset, head.openFrom];
  if (typeof head.chain === "string" && numbers.every((number) => Number.isSafeInteger(number)))
    return head as ChainHead;
  throw new StrongroomError("corrupt", "the stored head of the audit log must have its fields");
}
