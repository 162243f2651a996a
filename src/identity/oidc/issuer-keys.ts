/**
 * The keys of an issuer: found by its discovery document, read again when a token names another one, and when they are old.
 * Those that are known stay when the issuer cannot be reached.
 *
 * Source: OpenID Connect Discovery 1.0, section 4; RFC 7517.
 */
import { createLocalJWKSet, errors } from "jose";
import type { CompactVerifyGetKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from "jose";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Issuer } from "./issuer-configuration.ts";
import type { ReadDocument } from "./issuer-documents.ts";

/** Keys are read again after this, so that what the issuer takes back does not count for ever. */
export const keysAgeMsMax = 5 * 60_000;
/** Whatever tokens make them be read again, which anybody can send, does so this often at most - also while that fails. */
export const rereadMsMin = 10_000;

export interface IssuerKeysOptions {
  readonly issuer: Issuer;
  readonly read: ReadDocument;
  readonly nowMs: () => number;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #keys: KeySet | undefined;
  #readAtMs = -Infinity;
  #triedAtMs = -Infinity;
  #failure: unknown;
  #reading: Promise<void> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** For jose: the key of a token. Raises `unavailable` while none are known, JWKSNoMatchingKey for a token of another. */
  readonly keyOf: CompactVerifyGetKey = async (header, token) => {
    const { nowMs } = this.#options;
    const isDue = this.#keys === undefined || nowMs() - this.#readAtMs > keysAgeMsMax;
    if (isDue && this.#mayRead()) await this.#readAgain();
    try {
      return await this.#find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayRead()) throw error;
      await this.#readAgain();
      return this.#find(header, token);
    }
  };

  /** For readiness and logs: why keys could not be read when it was tried last. */
  get failure(): unknown {
    return this.#failure;
  }

  async #find(header: JWSHeaderParameters, token: FlattenedJWSInput) {
    if (this.#keys === undefined) {
      throw new StrongroomError("unavailable", "the keys of the issuer must be known", { cause: this.#failure });
    }
    return this.#keys(header, token);
  }

  /** What is being read is waited for. */
  #mayRead(): boolean {
    return this.#reading !== undefined || this.#options.nowMs() - this.#triedAtMs >= rereadMsMin;
  }

  /** Never rejects. */
  #readAgain(): Promise<void> {
    this.#reading ??= this.#read()
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#triedAtMs = this.#options.nowMs();
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { issuer, read, nowMs } = this.#options;
    const at = issuer.discoveryUrl ?? `${issuer.url.replace(/\/+$/, "")}/.well-known/openid-configuration`;
    const document = await read(at, issuer.certificateAuthority);
    const keysUrl = keysUrlOf(document, issuer.url);
    const keys = await read(keysUrl, issuer.certificateAuthority);
    this.#keys = createLocalJWKSet(keys as JSONWebKeySet); // which checks it, and raises JWKSInvalid
    this.#readAtMs = nowMs();
    this.#failure = undefined;
  }
}

function keysUrlOf(document: unknown, issuer: string): string {
  const fields =
    typeof document === "object" && document !== null ? new Map(Object.entries(document)) : new Map<string, unknown>();
  if (fields.get("issuer") !== issuer) {
    throw new StrongroomError("unavailable", "the issuer of the discovery document must be the one configured");
  }
  const url: unknown = fields.get("jwks_uri");
  if (typeof url === "string" && URL.canParse(url) && new URL(url).protocol === "https:") return url;
  throw new StrongroomError("unavailable", "the discovery document must have a jwks_uri of https");
}
