/** What the audit log needs of its instance: a seal from the root key, a signing key and a head that the store keeps. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { AuditKeys, AuditSeal, ChainHead, ChainHeadStorage } from "../audit/log/log-keys.ts";
import { unwrapKey, wrapKey } from "../crypto/key-wrapping.ts";
import { notAuthentic } from "../crypto/not-authentic.ts";
import type { RootKey } from "../crypto/root-key/root-key.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Store } from "../store/store.ts";
import type { AuditHeadFile } from "./audit-head-file.ts";
import type { Instance } from "./instance.ts";

const signingKeyPlace = "/strongroom/audit/signing-key";
/** The key that is about to sign, while it changes. */
const nextSigningKeyPlace = "/strongroom/audit/next-signing-key";
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

/**
 * Has the log sign with a new key, which replaces the former one in the store. It is kept before the log begins to sign with it, so
 * that a crash between leaves no log without its key: see {@link finishKeyChange}.
 */
export async function changeSigningKey(
  log: { changeKey(signingKey: KeyObject): Promise<void> },
  store: Store,
): Promise<void> {
  const { privateKey } = generateKeyPairSync("ed25519");
  await store.txn({ compares: [], thens: [{ type: "put", key: nextSigningKeyPlace, value: encoded(privateKey) }] });
  await log.changeKey(privateKey);
  await replaceSigningKey(store, privateKey);
}

/** Before the log is opened: `signs` says whether its end is signed with a key. */
export async function finishKeyChange(store: Store, signs: (publicKey: KeyObject) => Promise<boolean>): Promise<void> {
  const next = await loadSigningKey(store, nextSigningKeyPlace);
  if (next !== undefined && (await signs(createPublicKey(next)))) await replaceSigningKey(store, next);
}

async function replaceSigningKey(store: Store, signingKey: KeyObject): Promise<void> {
  await store.txn({
    compares: [],
    thens: [
      { type: "put", key: signingKeyPlace, value: encoded(signingKey) },
      { type: "delete", key: nextSigningKeyPlace },
    ],
  });
}

function encoded(signingKey: KeyObject): Buffer {
  return signingKey.export({ format: "der", type: "pkcs8" });
}

async function loadSigningKey(store: Store, place = signingKeyPlace): Promise<KeyObject | undefined> {
  const record = await store.get(place);
  if (record === undefined) return undefined;
  return createPrivateKey({ key: Buffer.from(record.value), format: "der", type: "pkcs8" });
}

async function createSigningKey(store: Store): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync("ed25519");
  await store.txn({
    compares: [{ key: signingKeyPlace, target: "version", relation: "=", value: 0 }],
    thens: [{ type: "put", key: signingKeyPlace, value: encoded(privateKey) }],
  });
  const stored = await loadSigningKey(store);
  if (stored !== undefined) return stored;
  throw new StrongroomError("corrupt", "the store must hold the key that was just put there");
}

/** Where the store, and a file beside it, keep how long the log is. `onMissing` is told when the file is not there as it was written. */
export function storedChainHead(store: Store, file: AuditHeadFile, onMissing: () => void): ChainHeadStorage {
  let isNoted = false;
  return {
    async load() {
      const record = await store.get(headPlace);
      const stored = record && readHead(Buffer.from(record.value).toString("utf8"));
      const noted = await file.load();
      if (noted === undefined && stored?.isNoted === true) onMissing();
      if (noted === undefined || (stored?.position ?? 0) > noted.position) return stored;
      return noted;
    },
    async save(head) {
      // Before the store says that the file is there. One that cannot be written is told of by who notes.
      isNoted ||= await file.note(head).then(
        () => true,
        () => false,
      );
      const value = Buffer.from(JSON.stringify({ ...head, isNoted }));
      await store.txn({ compares: [], thens: [{ type: "put", key: headPlace, value }] });
    },
    async note(head) {
      await file.note(head);
      isNoted = true;
    },
    close: () => file.close(),
  };
}

/** As the store has it. */
interface StoredHead extends ChainHead {
  /** The file has it, too, or had it when this was kept. */
  readonly isNoted?: boolean;
}

function readHead(text: string): StoredHead {
  const head = Object(JSON.parse(text)) as Partial<StoredHead>; // each field is checked next
  const numbers = [head.position, head.segment, head.offset, head.openFrom];
  if (typeof head.chain === "string" && numbers.every((number) => Number.isSafeInteger(number)))
    return head as StoredHead;
  throw new StrongroomError("corrupt", "the stored head of the audit log must have its fields");
}
