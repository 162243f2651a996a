/**
 * The keys of tokens: one signs, all verify.
 *
 * A new key is told to who verifies an hour before it signs, because they keep what they were told for that long
 * (`Cache-Control` of the key set). An old one verifies until it is removed.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { PkiStorage } from "../x509/pki-storage.ts";
import { decodeTokenKeys, encodeTokenKeys, generateTokenKey } from "./token-key.ts";
import type { TokenAlgorithm, TokenKey, TokenPublicKey } from "./token-key.ts";

/** How long who verifies may keep the key set, in seconds. */
export const keySetMaxAgeSeconds = 3600;
/** Most keys at the same time. */
export const tokenKeysMax = 10;

const storedName = "token-keys";

/** What is told of a key. */
export interface TokenKeyState {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly signsFromMs: number;
  readonly signs: boolean;
}

export class TokenKeyRing {
  readonly #storage: PkiStorage;
  readonly #nowMs: () => number;
  #keys: readonly TokenKey[];
  #onRemoved: () => void = () => {};
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(storage: PkiStorage, nowMs: () => number, keys: readonly TokenKey[]) {
    this.#storage = storage;
    this.#nowMs = nowMs;
    this.#keys = keys;
  }

  /** The stored keys; at the first call one is made, which signs at once. Raises `corrupt`. */
  static async open(storage: PkiStorage, nowMs: () => number): Promise<TokenKeyRing> {
    const stored = await storage.load(storedName);
    if (stored !== undefined) return new TokenKeyRing(storage, nowMs, decodeTokenKeys(stored));
    const keys = [await generateTokenKey("RS256", 0)];
    await storage.save(storedName, encodeTokenKeys(keys));
    return new TokenKeyRing(storage, nowMs, keys);
  }

  /** The key that signs now: of those whose time has come, the one that came last. */
  signing(): TokenKey {
    const nowMs = this.#nowMs();
    const [oldest] = this.#keys;
    const current = this.#keys.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? oldest;
    if (current === undefined) throw new StrongroomError("corrupt", "there must be a key of tokens");
    return current;
  }

  /** Told when a key is gone: what was verified by it no longer counts. One listener. */
  onRemoved(listener: () => void): void {
    this.#onRemoved = listener;
  }

  /** The keys that a token may have been signed with, oldest first. With a `kid`: the one of that id, if there is one. */
  verification(kid?: string): readonly TokenPublicKey[] {
    return kid === undefined ? this.#keys : this.#keys.filter((key) => key.kid === kid);
  }

  states(): TokenKeyState[] {
    const { kid: signing } = this.signing();
    return this.#keys.map(({ kid, algorithm, signsFromMs }) => {
      return { kid, algorithm, signsFromMs, signs: kid === signing };
    });
  }

  /** Adds a key that signs from an hour from now on. Resolves when it is stored. Raises `too-large`. */
  rotate(algorithm: TokenAlgorithm): Promise<TokenKeyState[]> {
    return this.#change(async (keys) => {
      if (keys.length >= tokenKeysMax) {
        throw new StrongroomError("too-large", `there must be at most ${tokenKeysMax} keys of tokens: remove old ones`);
      }
      return [...keys, await generateTokenKey(algorithm, this.#nowMs() + keySetMaxAgeSeconds * 1000)];
    });
  }

  /** Ends everything that was signed with a key. Raises `not-found`, and `invalid` for the key that signs. */
  remove(kid: string): Promise<TokenKeyState[]> {
    return this.#change(async (keys) => {
      if (!keys.some((key) => key.kid === kid)) throw new StrongroomError("not-found", "the key must be one there is");
      if (this.signing().kid === kid) {
        throw new StrongroomError("invalid", "the key that signs must stay until another one signs");
      }
      return keys.filter((key) => key.kid !== kid);
    });
  }

  /** One change at a time. */
  #change(next: (keys: readonly TokenKey[]) => Promise<readonly TokenKey[]>): Promise<TokenKeyState[]> {
    const changed = this.#changeAfter(this.#changing, next);
    this.#changing = changed.catch(() => undefined); // told to who asked; the next change is not concerned
    return changed;
  }

  async #changeAfter(
    earlier: Promise<unknown>,
    next: (keys: readonly TokenKey[]) => Promise<readonly TokenKey[]>,
  ): Promise<TokenKeyState[]> {
    await earlier;
    const keys = await next(this.#keys);
    await this.#storage.save(storedName, encodeTokenKeys(keys));
    const isShorter = keys.length < this.#keys.length;
    this.#keys = keys;
    if (isShorter) this.#onRemoved();
    return this.states();
  }
}
