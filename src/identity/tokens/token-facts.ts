/** What tokens are checked against: the objects that they are of and bound to. */

export const tokenObjectKinds = ["serviceaccount", "secret", "pod", "node"] as const;
export type TokenObjectKind = (typeof tokenObjectKinds)[number];

export interface TokenObject {
  readonly kind: TokenObjectKind;
  /** "" for nodes. */
  readonly namespace: string;
  readonly name: string;
}

export interface TokenObjectFact {
  readonly uid: string;
  /** When it was deleted, in ms since 1970, while something still holds it. */
  readonly deletedAtMs: number | undefined;
}

/** Of an account also which secrets it names. */
export interface AccountFact extends TokenObjectFact {
  readonly secrets: readonly string[];
}

/** Of a secret also what is in it. */
export interface SecretFact extends TokenObjectFact {
  readonly type: string;
  readonly labels: Readonly<Record<string, unknown>>;
  /** The value of a key of its data, "" when there is none. */
  readonly value: (key: string) => string;
}

/** Facts come as they are now; undefined for what is not there. Raise `unavailable`. */
export interface TokenFacts {
  account(namespace: string, name: string): Promise<AccountFact | undefined>;
  secret(namespace: string, name: string): Promise<SecretFact | undefined>;
  object(object: TokenObject): Promise<TokenObjectFact | undefined>;
}
