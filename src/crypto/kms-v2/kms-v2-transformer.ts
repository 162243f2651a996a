import { randomFillSync } from "node:crypto";

import { StrongroomError, isStrongroomError } from "../../errors/strongroom-error.ts";
import { authenticatedDataOf } from "../authenticated-data.ts";
import { notAuthentic } from "../not-authentic.ts";
import { startsWith } from "../starts-with.ts";
import type { PrefixedTransformer } from "../transformer-chain.ts";
import type { Opened, TransformContext } from "../transformer.ts";
import { createDekSource, openSealed, sealedOverheadBytes, Sealer, seedBytes } from "./dek-source.ts";
import type { DekSource } from "./dek-source.ts";
import {
  decodeEnvelope,
  dekSourceTypes,
  encodeDataHeader,
  encodeEnvelope,
  EncodingError,
  splitEncryptedObject,
} from "./encrypted-object.ts";
import type { Envelope } from "./encrypted-object.ts";
import type { KeyManagementService, WrappedSeed } from "./key-management-service.ts";

/** Name of the provider that stands on the root key of this server. */
export const localProviderName = "strongroom";

/** Most unwrapped seeds kept. One process start makes one seed, so this is a thousand restarts of history. */
export const seedCacheEntriesMax = 1024;

/** An unwrapped seed, and of which kind its records are. */
interface KnownSeed {
  readonly source: DekSource;
  readonly keyId: string;
}

interface WriteSeed extends KnownSeed {
  readonly envelopeBytes: Buffer;
  readonly sealer: Sealer;
}

/**
 * Encryption at rest in the stored format of Kubernetes KMS v2:
 * `k8s:enc:kms:v2:<provider>:` and an `EncryptedObject`. It makes a random
 * seed and has the key management service wrap it; records are encrypted under keys
 * derived from the seed. Seeds of former processes are unwrapped when a record
 * needs them, and the {@link seedCacheEntriesMax} last used are kept.
 *
 * `stale` is true for records under another key id or source type than is written now
 * (not merely another seed), as upstream says it; false while nothing can be written.
 *
 * A seed is remembered once a record was authentic under it: a service that gives a wrong one costs that read, not all until the
 * next start.
 */
export class KmsV2Transformer implements PrefixedTransformer {
  readonly prefix: Uint8Array;
  readonly #service: KeyManagementService;
  #write: WriteSeed | undefined;
  /** By the bytes of the envelope (as latin1), least recently used first. */
  readonly #seeds = new Map<string, KnownSeed>();
  /** Seeds being fetched: a list of ten thousand records asks a plugin once. */
  readonly #pending = new Map<string, Promise<KnownSeed>>();

  /**
   * Without a seed to write with: see {@link renewSeed}. The provider name is 1 to 253 characters of printable ASCII without
   * `:` (else RangeError).
   */
  constructor(providerName: string, service: KeyManagementService) {
    if (!/^[!-9;-~]{1,253}$/.test(providerName))
      throw new RangeError("a provider name must be printable ASCII without ':'");
    this.prefix = Buffer.from(`k8s:enc:kms:v2:${providerName}:`);
    this.#service = service;
  }

  /** One that writes. Raises as the constructor and {@link renewSeed}. */
  static async create(providerName: string, service: KeyManagementService): Promise<KmsV2Transformer> {
    const transformer = new KmsV2Transformer(providerName, service);
    await transformer.renewSeed(async () => {});
    return transformer;
  }

  /** Under which key the seed is that is written with; undefined while there is none. */
  get writeKeyId(): string | undefined {
    return this.#write?.keyId;
  }

  /**
   * Makes a seed and has it wrapped; records are written with it once `accept` has resolved, and with the former one when anything
   * fails. Raises what the service and `accept` raise, and `sealed` when the answer is over the format's limits.
   */
  async renewSeed(accept: (wrapped: WrappedSeed, seed: Uint8Array) => Promise<void>): Promise<void> {
    const seed = randomFillSync(Buffer.alloc(seedBytes));
    try {
      const wrapped = await this.#service.encrypt(seed);
      const envelopeBytes = encodedEnvelope(wrapped);
      await accept(wrapped, seed);
      const source = createDekSource(seed, dekSourceTypes.hkdfSha256ExtendedNonceSeed);
      const former = this.#write;
      this.#write = { source, keyId: wrapped.keyId, envelopeBytes, sealer: new Sealer(source.key) };
      if (former !== undefined) this.#remember(latin1Of(former.envelopeBytes), former);
    } finally {
      seed.fill(0);
    }
  }

  /** Raises `unavailable` before there is a seed. */
  toStorage(plaintext: Uint8Array, context: TransformContext): Uint8Array {
    const write = this.#write;
    if (write === undefined) throw new StrongroomError("unavailable", "the KMS plugin must have encrypted a seed");
    const { envelopeBytes, sealer } = write;
    const header = encodeDataHeader(plaintext.length + sealedOverheadBytes);
    const dataOffset = this.prefix.length + header.length;
    const envelopeOffset = dataOffset + plaintext.length + sealedOverheadBytes;
    const out = Buffer.allocUnsafe(envelopeOffset + envelopeBytes.length);
    out.set(this.prefix);
    out.set(header, this.prefix.length);
    sealer.sealInto(out, dataOffset, plaintext, authenticatedDataOf(context));
    out.set(envelopeBytes, envelopeOffset);
    return out;
  }

  fromStorage(stored: Uint8Array, context: TransformContext): Opened | Promise<Opened> {
    try {
      if (!startsWith(stored, this.prefix)) throw new EncodingError("follow the prefix of its provider");
      const { data, envelope } = splitEncryptedObject(stored.subarray(this.prefix.length));
      const write = this.#write;
      if (write?.envelopeBytes.equals(envelope) === true) return this.#open(write, data, context);
      const cacheKey = latin1Of(envelope);
      const seed = this.#seedOf(cacheKey, envelope);
      if (!(seed instanceof Promise)) return this.#openAndRemember(cacheKey, seed, data, context);
      return seed.then((known) => this.#openAndRemember(cacheKey, known, data, context)).catch(refuse);
    } catch (error) {
      return refuse(error);
    }
  }

  #open(seed: KnownSeed, data: Uint8Array, context: TransformContext): Opened {
    return { plaintext: openSealed(seed.source, data, authenticatedDataOf(context)), stale: this.#isStale(seed) };
  }

  #openAndRemember(cacheKey: string, seed: KnownSeed, data: Uint8Array, context: TransformContext): Opened {
    const opened = this.#open(seed, data, context);
    this.#remember(cacheKey, seed);
    return opened;
  }

  #seedOf(cacheKey: string, envelopeBytes: Uint8Array): KnownSeed | Promise<KnownSeed> {
    const known = this.#seeds.get(cacheKey) ?? this.#pending.get(cacheKey);
    return known ?? this.#unwrap(cacheKey, decodeEnvelope(envelopeBytes));
  }

  #unwrap(cacheKey: string, envelope: Envelope): KnownSeed | Promise<KnownSeed> {
    const { keyId, encryptedDekSource, annotations, dekSourceType } = envelope;
    const accept = (bytes: Uint8Array): KnownSeed => ({ source: createDekSource(bytes, dekSourceType), keyId });
    const seed = this.#service.decrypt({ keyId, ciphertext: encryptedDekSource, annotations });
    if (!(seed instanceof Promise)) return accept(seed);
    const pending = seed.then(accept).finally(() => this.#pending.delete(cacheKey));
    this.#pending.set(cacheKey, pending);
    return pending;
  }

  #isStale({ keyId, source }: KnownSeed): boolean {
    const write = this.#write;
    return write !== undefined && (keyId !== write.keyId || source.type !== write.source.type);
  }

  #remember(cacheKey: string, known: KnownSeed): void {
    this.#seeds.delete(cacheKey); // a Map keeps insertion order: now it is the most recently used
    this.#seeds.set(cacheKey, known);
    if (this.#seeds.size <= seedCacheEntriesMax) return;
    const oldest = this.#seeds.keys().next();
    if (!oldest.done) this.#seeds.delete(oldest.value);
  }
}

/** What the service says about its own state stands; everything else is one failure with one text. */
function refuse(error: unknown): never {
  if (isStrongroomError(error, "sealed") || isStrongroomError(error, "unavailable")) throw error;
  throw notAuthentic(error);
}

function encodedEnvelope({ keyId, ciphertext, annotations }: WrappedSeed): Buffer {
  const dekSourceType = dekSourceTypes.hkdfSha256ExtendedNonceSeed;
  try {
    return Buffer.from(encodeEnvelope({ keyId, encryptedDekSource: ciphertext, annotations, dekSourceType }));
  } catch (cause) {
    const must = "the key management service must answer within the limits of KMS v2";
    throw new StrongroomError("sealed", must, { cause });
  }
}

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
