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

interface KnownSeed {
  readonly source: DekSource;
  readonly stale: boolean;
}

/**
 * Encryption at rest in the stored format of Kubernetes KMS v2:
 * `k8s:enc:kms:v2:<provider>:` and an `EncryptedObject`. At its creation it makes a random
 * seed and has the key management service wrap it; records are encrypted under keys
 * derived from the seed. Seeds of former processes are unwrapped when a record
 * needs them, and the {@link seedCacheEntriesMax} last used are kept.
 *
 * `stale` is true for records under another key id or source type than is written now
 * (not merely another seed), as upstream says it.
 */
export class KmsV2Transformer implements PrefixedTransformer {
  readonly prefix: Uint8Array;
  readonly #service: KeyManagementService;
  readonly #writeEnvelope: Envelope;
  readonly #writeEnvelopeBytes: Buffer;
  readonly #writeSource: DekSource;
  readonly #sealer: Sealer;
  /** By the bytes of the envelope (as latin1), least recently used first. */
  readonly #seeds = new Map<string, KnownSeed>();
  /** Seeds being fetched: a list of ten thousand records asks a plugin once. */
  readonly #pending = new Map<string, Promise<KnownSeed>>();

  private constructor(
    providerName: string,
    service: KeyManagementService,
    writeEnvelope: Envelope,
    writeSource: DekSource,
  ) {
    this.prefix = Buffer.from(`k8s:enc:kms:v2:${providerName}:`);
    this.#service = service;
    this.#writeEnvelope = writeEnvelope;
    this.#writeEnvelopeBytes = Buffer.from(encodeEnvelope(writeEnvelope));
    this.#writeSource = writeSource;
    this.#sealer = new Sealer(writeSource.key);
  }

  /**
   * Makes the seed and has it wrapped. The provider name is 1 to 253 characters of printable ASCII without
   * `:` (else RangeError). Raises what the service raises, and `sealed` when its answer is over the format's limits.
   */
  static async create(providerName: string, service: KeyManagementService): Promise<KmsV2Transformer> {
    if (!/^[!-9;-~]{1,253}$/.test(providerName))
      throw new RangeError("a provider name must be printable ASCII without ':'");
    const seed = randomFillSync(Buffer.alloc(seedBytes));
    const wrapped = await service.encrypt(seed);
    const source = createDekSource(seed, dekSourceTypes.hkdfSha256ExtendedNonceSeed);
    try {
      return new KmsV2Transformer(providerName, service, envelopeOf(wrapped), source);
    } catch (cause) {
      throw new StrongroomError("sealed", "the key management service must answer within the limits of KMS v2", {
        cause,
      });
    }
  }

  toStorage(plaintext: Uint8Array, context: TransformContext): Uint8Array {
    const header = encodeDataHeader(plaintext.length + sealedOverheadBytes);
    const dataOffset = this.prefix.length + header.length;
    const envelopeOffset = dataOffset + plaintext.length + sealedOverheadBytes;
    const out = Buffer.allocUnsafe(envelopeOffset + this.#writeEnvelopeBytes.length);
    out.set(this.prefix);
    out.set(header, this.prefix.length);
    this.#sealer.sealInto(out, dataOffset, plaintext, authenticatedDataOf(context));
    out.set(this.#writeEnvelopeBytes, envelopeOffset);
    return out;
  }

  fromStorage(stored: Uint8Array, context: TransformContext): Opened | Promise<Opened> {
    try {
      if (!startsWith(stored, this.prefix)) throw new EncodingError("follow the prefix of its provider");
      const { data, envelope } = splitEncryptedObject(stored.subarray(this.prefix.length));
      const seed = this.#seedOf(envelope);
      if (!(seed instanceof Promise)) return open(seed, data, context);
      return seed.then((known) => open(known, data, context)).catch(refuse);
    } catch (error) {
      return refuse(error);
    }
  }

  #seedOf(envelopeBytes: Uint8Array): KnownSeed | Promise<KnownSeed> {
    if (this.#writeEnvelopeBytes.equals(envelopeBytes)) return { source: this.#writeSource, stale: false };
    const cacheKey = latin1Of(envelopeBytes);
    const known = this.#seeds.get(cacheKey);
    if (known === undefined)
      return this.#pending.get(cacheKey) ?? this.#unwrap(cacheKey, decodeEnvelope(envelopeBytes));
    this.#remember(cacheKey, known);
    return known;
  }

  #unwrap(cacheKey: string, envelope: Envelope): KnownSeed | Promise<KnownSeed> {
    const { keyId, encryptedDekSource, annotations, dekSourceType } = envelope;
    const accept = (bytes: Uint8Array): KnownSeed => {
      const known = { source: createDekSource(bytes, dekSourceType), stale: this.#isStale(envelope) };
      this.#remember(cacheKey, known);
      return known;
    };
    const seed = this.#service.decrypt({ keyId, ciphertext: encryptedDekSource, annotations });
    if (!(seed instanceof Promise)) return accept(seed);
    const pending = seed.then(accept).finally(() => this.#pending.delete(cacheKey));
    this.#pending.set(cacheKey, pending);
    return pending;
  }

  #isStale(envelope: Envelope): boolean {
    const { keyId, dekSourceType } = this.#writeEnvelope;
    return envelope.keyId !== keyId || envelope.dekSourceType !== dekSourceType;
  }

  #remember(cacheKey: string, known: KnownSeed): void {
    this.#seeds.delete(cacheKey); // a Map keeps insertion order: now it is the most recently used
    this.#seeds.set(cacheKey, known);
    if (this.#seeds.size <= seedCacheEntriesMax) return;
    const oldest = this.#seeds.keys().next();
    if (!oldest.done) this.#seeds.delete(oldest.value);
  }
}

function open(seed: KnownSeed, data: Uint8Array, context: TransformContext): Opened {
  return { plaintext: openSealed(seed.source, data, authenticatedDataOf(context)), stale: seed.stale };
}

/** What the service says about its own state stands; everything else is one failure with one text. */
function refuse(error: unknown): never {
  if (isStrongroomError(error, "sealed") || isStrongroomError(error, "unavailable")) throw error;
  throw notAuthentic(error);
}

function envelopeOf(wrapped: WrappedSeed): Envelope {
  const { keyId, ciphertext, annotations } = wrapped;
  return {
    keyId,
    encryptedDekSource: ciphertext,
    annotations,
    dekSourceType: dekSourceTypes.hkdfSha256ExtendedNonceSeed,
  };
}

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
