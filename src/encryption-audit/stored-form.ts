/**
 * In which form Kubernetes has stored a value: what stands before the ciphertext says by which provider, and under the name of which key.
 *
 * Source: kubernetes/apiserver pkg/server/options/encryptionconfig/config.go (prefixes), pkg/storage/value/encrypt.
 */
export const storedProviders = ["identity", "aescbc", "aesgcm", "secretbox", "kms", "unknown"] as const;
export type StoredProvider = (typeof storedProviders)[number];

/** Two values of one form are the same object. */
export interface StoredForm {
  /** `identity` is in the clear; `unknown` begins as ciphertext does, and goes on as no provider's. */
  readonly provider: StoredProvider;
  /** Of the provider's format: `v1`, `v2`. */
  readonly version?: string;
  /** The name of the key; with KMS, of the provider. */
  readonly key?: string;
  /** With KMS v2, what the plugin calls its key. */
  readonly keyId?: string;
  /** Of what is in the clear. */
  readonly encoding?: "protobuf" | "json" | "cbor" | "other";
}

const encryptedPrefix = Buffer.from("k8s:enc:");
const formats: readonly { readonly provider: StoredProvider; readonly version: string; readonly prefix: Buffer }[] = [
  { provider: "aescbc", version: "v1" },
  { provider: "aesgcm", version: "v1" },
  { provider: "secretbox", version: "v1" },
  { provider: "kms", version: "v1" },
  { provider: "kms", version: "v2" },
].map(({ provider, version }) => ({
  provider: provider as StoredProvider, // of the list above
  version,
  prefix: Buffer.from(`k8s:enc:${provider}:${version}:`),
}));

/** Longer names of keys are no names; upstream has no limit, and its files have short ones. */
const keyNameBytesMax = 1024;
/** Upstream's limit. */
const keyIdBytesMax = 1024;
const colon = ":".charCodeAt(0);
/** What begins as ciphertext does and is of no provider. */
export const unknownForm: StoredForm = { provider: "unknown" };

const clearForms = {
  protobuf: { provider: "identity", encoding: "protobuf" },
  json: { provider: "identity", encoding: "json" },
  cbor: { provider: "identity", encoding: "cbor" },
  other: { provider: "identity", encoding: "other" },
} as const satisfies Record<string, StoredForm>;

/** Tells the forms of values, each form as one object. No part of a value gets into a form, but for names of keys. */
export class StoredForms {
  readonly #known = new Map<string, StoredForm>();

  of(value: Buffer): StoredForm {
    if (!startsWith(value, encryptedPrefix)) return clearForm(value);
    const format = formats.find(({ prefix }) => startsWith(value, prefix));
    if (format === undefined) return unknownForm;
    const start = format.prefix.length;
    const end = value.subarray(start, start + keyNameBytesMax).indexOf(colon);
    if (end < 1) return unknownForm;
    const key = value.toString("utf8", start, start + end);
    const keyId = format.version === "v2" ? keyIdOf(value, start + end + 1) : "";
    if (keyId === undefined) return unknownForm;
    return this.#one({ provider: format.provider, version: format.version, key, ...(keyId !== "" && { keyId }) });
  }

  #one(form: StoredForm): StoredForm {
    const name = JSON.stringify([form.provider, form.version, form.key, form.keyId]);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    this.#known.set(name, form);
    return form;
  }
}

/** Whether anybody who has the file has the value. */
export function isInTheClear({ provider }: StoredForm): boolean {
  return provider === "identity";
}

/** For people: `aescbc key1`. */
export function formText({ provider, version, key, keyId, encoding }: StoredForm): string {
  if (provider === "identity") return `in the clear${encoding === undefined ? "" : ` (${encoding})`}`;
  if (provider === "unknown") return "an unknown format";
  const name = provider === "kms" ? `kms ${version ?? ""}` : provider;
  return `${name} ${key ?? ""}${keyId === undefined ? "" : `, key id ${keyId}`}`;
}

function startsWith(value: Buffer, prefix: Buffer): boolean {
  return value.length >= prefix.length && value.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

function clearForm(value: Buffer): StoredForm {
  if (value.length >= 4 && value.readUInt32BE(0) === 0x6b387300) return clearForms.protobuf;
  if (value[0] === 0x7b) return clearForms.json;
  return value.length >= 3 && value.readUIntBE(0, 3) === 0xd9d9f7 ? clearForms.cbor : clearForms.other;
}

/** Field 2 of the message `EncryptedObject`, behind the ciphertext in field 1; undefined when that is not what is there. */
function keyIdOf(value: Buffer, start: number): string | undefined {
  const data = fieldAt(value, start, 1);
  const id = data && fieldAt(value, data.end, 2);
  if (id === undefined || id.start === id.end || id.end - id.start > keyIdBytesMax) return undefined;
  return value.toString("utf8", id.start, id.end);
}

function fieldAt(bytes: Buffer, offset: number, number: number) {
  if (bytes[offset] !== ((number << 3) | 2)) return undefined;
  let [length, weight, at] = [0, 1, offset + 1];
  for (; at < bytes.length && at < offset + 6; at++, weight *= 128) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * weight;
    if (byte < 0x80) break;
  }
  const start = at + 1;
  return start + length <= bytes.length ? { start, end: start + length } : undefined;
}
