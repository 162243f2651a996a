/** Under which key of a plugin a stored record is: it says so itself, without any key. */
import { createHash } from "node:crypto";
import { EncodingError, decodeEnvelope, splitEncryptedObject } from "./encrypted-object.ts";

/** The beginning of the form of all records of KMS v2. */
const formPrefix = "kms:v2:";
/** What stands before a form and after it, in a record. */
const marksBytes = "k8s:enc:".length + ":".length;
/** A process of a plugin's client makes one envelope for each seed. */
const envelopesMax = 1024;

/** As upstream tells of key ids, which may be names of things that are nobody's business. */
export function keyIdDigest(keyId: string): string {
  return `sha256:${createHash("sha256").update(keyId).digest("hex")}`;
}

/** Reads key ids of many records, most of which share a few envelopes. */
export class KeyIdReader {
  readonly #known = new Map<string, string>();

  /** The digest of the key id; undefined for a record of another form, and for one that is not whole. */
  digestOf(stored: Uint8Array, form: string): string | undefined {
    if (!form.startsWith(formPrefix)) return undefined;
    try {
      const { envelope } = splitEncryptedObject(stored.subarray(marksBytes + Buffer.byteLength(form)));
      return this.#digestOf(envelope);
    } catch (error) {
      if (error instanceof EncodingError) return undefined;
      throw error;
    }
  }

  #digestOf(envelope: Uint8Array): string {
    const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.length).toString("latin1");
    const known = this.#known.get(bytes);
    if (known !== undefined) return known;
    const digest = keyIdDigest(decodeEnvelope(envelope).keyId);
    if (this.#known.size >= envelopesMax) this.#known.clear();
    this.#known.set(bytes, digest);
    return digest;
  }
}
