/**
 * Tokens that were verified a moment ago, so that a client that asks much is not verified with each request.
 *
 * Invariants:
 * - a token counts for at most 10 s without being verified again, and never beyond its end;
 * - what is told of a change to an object that a token depends on ends its being taken for verified at once;
 * - whoever still uses a token that was verified - an open stream - learns when it no longer counts;
 * - entries go by a keyed digest; a token itself is held by what verifies it again, for as long as somebody uses it.
 */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";

import { inGroup } from "../request-credentials.ts";
import type { User } from "../user.ts";
import type { TokenAuthenticator, TokenDependency, VerifiedToken } from "./token-authenticator.ts";

/** How long a verified token is taken for one. */
export const verifiedMs = 10_000;
/** Most tokens that are remembered; the oldest go first. */
export const rememberedMax = 10_000;

export interface CredentialCacheOptions {
  readonly authenticator: TokenAuthenticator;
  /** What requests are for: the audiences of this server. */
  readonly audiences: readonly string[];
  readonly nowMs: () => number;
}

/** A token that was verified, for as long as somebody uses it. */
class Credential {
  readonly verified: VerifiedToken;
  readonly user: User;
  readonly verifiedAtMs: number;
  /** It must be verified again before it is used for a new request. */
  isOutdated = false;
  isRevoked = false;
  endsAtMs: number;

  constructor(verified: VerifiedToken, nowMs: () => number, user: (credential: Credential) => User) {
    this.verified = verified;
    this.verifiedAtMs = nowMs();
    this.endsAtMs = verified.endsAtMs ?? Infinity;
    this.user = user(this);
  }
}

export class CredentialCache {
  readonly #options: CredentialCacheOptions;
  /** A `KeyObject`: with raw bytes an Hmac takes five times as long. */
  readonly #digestKey = createSecretKey(randomBytes(32));
  readonly #known = new Map<string, Credential>();
  /** By object: the tokens in use that depend on it. Weakly, so that what nobody uses is not kept. */
  readonly #dependents = new Map<string, Set<WeakRef<Credential>>>();
  readonly #released = new FinalizationRegistry<{ places: readonly string[]; reference: WeakRef<Credential> }>((held) =>
    this.#release(held),
  );
  /** How a credential in use is verified again; the token is in it, so that it goes with the user. */
  readonly #again = new WeakMap<Credential, () => Promise<VerifiedToken | undefined>>();
  /** Counts what changed, so that what was verified meanwhile is not remembered. */
  #changes = 0;

  constructor(options: CredentialCacheOptions) {
    this.#options = options;
  }

  /** As {@link TokenAuthenticator.authenticate}, for the audiences of this server. */
  async authenticate(token: string): Promise<{ readonly user: User; readonly verified: VerifiedToken } | undefined> {
    const digest = createHmac("sha256", this.#digestKey).update(token).digest("base64");
    const known = this.#known.get(digest);
    if (known !== undefined && this.#counts(known)) return known;
    this.#known.delete(digest);
    const before = this.#changes;
    const verify = () => this.#options.authenticator.authenticate(token, this.#options.audiences);
    const verified = await verify();
    if (verified === undefined) return undefined;
    const credential = new Credential(verified, this.#options.nowMs, (of) => this.#userOf(of));
    this.#follow(credential, verify);
    if (before === this.#changes) this.#remember(digest, credential);
    else this.#lookAgain(credential);
    return credential;
  }

  /** One of the objects that tokens depend on was changed or deleted. */
  changed(object: TokenDependency): void {
    this.#changes++;
    for (const reference of this.#dependents.get(placeOf(object)) ?? []) {
      const credential = reference.deref();
      if (credential !== undefined) this.#lookAgain(credential);
    }
  }

  /** Anything may have changed: of what is in use all is verified again. */
  allChanged(): void {
    this.#changes++;
    this.#known.clear();
    const inUse = new Set<Credential>();
    for (const references of this.#dependents.values()) {
      for (const reference of references) {
        const credential = reference.deref();
        if (credential !== undefined) inUse.add(credential);
      }
    }
    for (const credential of inUse) this.#lookAgain(credential);
  }

  #counts(credential: Credential): boolean {
    const nowMs = this.#options.nowMs();
    const age = nowMs - credential.verifiedAtMs;
    return !credential.isOutdated && age >= 0 && age < verifiedMs && nowMs <= credential.endsAtMs;
  }

  #userOf(credential: Credential): User {
    const { user } = credential.verified;
    return {
      ...inGroup(user),
      ...(credential.verified.endsAtMs !== undefined && { expiresAtMs: credential.endsAtMs }),
      revoked: () => credential.isRevoked || this.#options.nowMs() > credential.endsAtMs,
    };
  }

  #remember(digest: string, credential: Credential): void {
    if (this.#known.size >= rememberedMax) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(digest, credential);
  }

  #follow(credential: Credential, verify: () => Promise<VerifiedToken | undefined>): void {
    this.#again.set(credential, verify);
    const reference = new WeakRef(credential);
    const places = credential.verified.dependsOn.map(placeOf);
    for (const place of places) {
      const references = this.#dependents.get(place) ?? new Set();
      this.#dependents.set(place, references.add(reference));
    }
    this.#released.register(credential, { places, reference });
  }

  #release({ places, reference }: { places: readonly string[]; reference: WeakRef<Credential> }): void {
    for (const place of places) {
      const references = this.#dependents.get(place);
      if (references?.delete(reference) && references.size === 0) this.#dependents.delete(place);
    }
  }

  #lookAgain(credential: Credential): void {
    credential.isOutdated = true;
    const verify = this.#again.get(credential);
    if (verify !== undefined && !credential.isRevoked) void lookAgain(credential, verify);
  }
}

/** Never rejects: what is not known to count does not. A stream ends then, and its client asks anew. */
async function lookAgain(credential: Credential, verify: () => Promise<VerifiedToken | undefined>): Promise<void> {
  try {
    const verified = await verify();
    // Whoever it is for now, it is not for whom it was.
    if (verified === undefined || !isSameUser(verified.user, credential.verified.user)) credential.isRevoked = true;
    else credential.endsAtMs = verified.endsAtMs ?? Infinity;
  } catch {
    credential.isRevoked = true;
  }
}

function isSameUser(one: User, other: User): boolean {
  const told = ({ name, uid, groups, extra }: User) => JSON.stringify([name, uid, groups, [...extra]]);
  return told(one) === told(other);
}

function placeOf({ kind, namespace, name }: TokenDependency): string {
  return `${kind}/${namespace}/${name}`;
}
