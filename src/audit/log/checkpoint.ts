/**
 * A checkpoint: the signed statement that the log of an instance has so many entries, with this value of its chain. Kept where the
 * host of the log cannot change it, it proves all entries before it.
 *
 * What is signed (Ed25519, RFC 8032) are the lines
 *
 *     strongroom.dev/audit/checkpoint/v1
 *     <id of the instance>
 *     <number of entries, which is the position of the next one>
 *     <the chain's value, hex>
 *     <time, RFC 3339>
 *
 * each ended by a newline.
 */
import { createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { StrongroomError } from "../../errors/strongroom-error.ts";

/** As it is written, one line of JSON. */
export interface Checkpoint {
  readonly apiVersion: "strongroom.dev/v1";
  readonly kind: "AuditCheckpoint";
  readonly instance: string;
  readonly entries: number;
  /** The chain's value before the checkpoint's own block, hex. */
  readonly head: string;
  readonly time: string;
  /** SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly signature: string;
}

export const signatureBytes = 64;

export interface CheckpointFacts {
  readonly instance: string;
  readonly entries: number;
  readonly head: Buffer;
  readonly timeMs: number;
}

export function signCheckpoint(facts: CheckpointFacts, key: KeyObject): Buffer {
  return sign(null, signedBytes(facts), key);
}

export function isSigned(facts: CheckpointFacts, signature: Uint8Array, publicKey: KeyObject): boolean {
  return verify(null, signedBytes(facts), publicKey, signature);
}

function signedBytes({ instance, entries, head, timeMs }: CheckpointFacts): Buffer {
  const lines = [instance, String(entries), head.toString("hex"), new Date(timeMs).toISOString()];
  return Buffer.from(`strongroom.dev/audit/checkpoint/v1\n${lines.join("\n")}\n`);
}

export function checkpointOf(facts: CheckpointFacts, signature: Buffer, publicKey: KeyObject): Checkpoint {
  return {
    apiVersion: "strongroom.dev/v1",
    kind: "AuditCheckpoint",
    instance: facts.instance,
    entries: facts.entries,
    head: facts.head.toString("hex"),
    time: new Date(facts.timeMs).toISOString(),
    publicKey: encodePublicKey(publicKey),
    signature: signature.toString("base64"),
  };
}

/**
 * The checkpoints in a text, one per line, that were kept outside. Raises `invalid` for what is none, and for one that its own key
 * has not signed. Whether that key is the server's is for the caller to know.
 */
export function parseCheckpoints(text: string): Checkpoint[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new StrongroomError("invalid", "the checkpoint must be a line of JSON");
  return lines.map(parseCheckpoint);
}

function parseCheckpoint(line: string): Checkpoint {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new StrongroomError("invalid", "a checkpoint must be a line of JSON");
  }
  const checkpoint = Object(value) as Partial<Checkpoint>; // each field is checked next
  const { apiVersion, kind, instance, entries, head, time, publicKey, signature } = checkpoint;
  const texts = [instance, head, time, publicKey, signature];
  const isWhole =
    apiVersion === "strongroom.dev/v1" &&
    kind === "AuditCheckpoint" &&
    texts.every((text) => typeof text === "string") &&
    Number.isSafeInteger(entries) &&
    !Number.isNaN(Date.parse(time ?? ""));
  if (!isWhole) throw new StrongroomError("invalid", "a checkpoint must be an AuditCheckpoint of strongroom.dev/v1");
  const whole = checkpoint as Checkpoint; // has every field, as checked
  const facts = { instance: whole.instance, entries: whole.entries, head: Buffer.from(whole.head, "hex") };
  const signed = { ...facts, timeMs: Date.parse(whole.time) };
  if (!isSigned(signed, Buffer.from(whole.signature, "base64"), decodePublicKey(whole.publicKey))) {
    throw new StrongroomError("invalid", "a checkpoint must have the signature of the key that it names");
  }
  return whole;
}

export function encodePublicKey(key: KeyObject): string {
  return key.export({ format: "der", type: "spki" }).toString("base64");
}

/** Raises `invalid` for what is no Ed25519 key; takes PEM too. */
export function decodePublicKey(text: string): KeyObject {
  try {
    const key = text.includes("-----BEGIN")
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text.trim(), "base64"), format: "der", type: "spki" });
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch (cause) {
    throw new StrongroomError("invalid", "the public key must be an Ed25519 key, as PEM or base64", { cause });
  }
  throw new StrongroomError("invalid", "the public key must be an Ed25519 key, as PEM or base64");
}
