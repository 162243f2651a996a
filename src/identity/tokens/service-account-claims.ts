/**
 * What the tokens of service accounts say: bound ones (TokenRequest) and those of secrets, which never end.
 * Source: k/k pkg/serviceaccount/{claims,legacy}.go.
 */
import type { AccountPlace } from "../service-account-user.ts";
import type { Claims } from "./signed-token.ts";

/** The issuer of the tokens of secrets. */
export const legacyIssuer = "kubernetes/serviceaccount";

/** A name and the uid of what had it. */
export interface NamedUid {
  readonly name: string;
  readonly uid: string;
}

export interface BoundTokenContent {
  readonly issuer: string;
  readonly namespace: string;
  readonly account: NamedUid;
  readonly audiences: readonly string[];
  /** The object that it ends with; a node beside a pod is where the pod runs. */
  readonly pod?: NamedUid | undefined;
  readonly secret?: NamedUid | undefined;
  readonly node?: NamedUid | undefined;
  /** Whole seconds since 1970. */
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
  /** It still counts after this, and its use goes on record. */
  readonly warnAfterSeconds?: number | undefined;
  readonly id: string;
}

export function boundTokenClaims(content: BoundTokenContent): Claims {
  const { issuer, namespace, account, audiences, pod, secret, node } = content;
  return {
    iss: issuer,
    sub: accountUserName({ namespace, name: account.name }),
    // As upstream's library: one audience is a list too.
    aud: audiences,
    iat: content.issuedAtSeconds,
    nbf: content.issuedAtSeconds,
    exp: content.expiresAtSeconds,
    jti: content.id,
    "kubernetes.io": {
      namespace,
      ...(node !== undefined && { node: reference(node) }),
      ...(pod !== undefined && { pod: reference(pod) }),
      ...(secret !== undefined && { secret: reference(secret) }),
      serviceaccount: reference(account),
      ...(content.warnAfterSeconds !== undefined && { warnafter: content.warnAfterSeconds }),
    },
  };
}

function reference({ name, uid }: NamedUid): object {
  return { name, ...(uid !== "" && { uid }) };
}

export interface LegacyTokenContent {
  readonly namespace: string;
  readonly secretName: string;
  readonly account: NamedUid;
}

export function legacyTokenClaims({ namespace, secretName, account }: LegacyTokenContent): Claims {
  return {
    iss: legacyIssuer,
    sub: accountUserName({ namespace, name: account.name }),
    "kubernetes.io/serviceaccount/namespace": namespace,
    "kubernetes.io/serviceaccount/secret.name": secretName,
    "kubernetes.io/serviceaccount/service-account.name": account.name,
    "kubernetes.io/serviceaccount/service-account.uid": account.uid,
  };
}

export function accountUserName({ namespace, name }: AccountPlace): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** A claim that is a text; "" for any other. */
export function textClaim(claims: Claims, name: string): string {
  const value = claims[name];
  return typeof value === "string" ? value : "";
}

/** A claim that is a time, in seconds since 1970; undefined for any other. */
export function timeClaim(claims: Claims, name: string): number | undefined {
  const value = claims[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A claim that is an object; undefined for any other. */
export function objectClaim(claims: Claims, name: string): Claims | undefined {
  const value = claims[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
}

/** The audiences of a token: a text or a list of them. */
export function audienceClaim(claims: Claims): readonly string[] {
  const { aud } = claims;
  if (typeof aud === "string") return [aud];
  return Array.isArray(aud) ? aud.filter((each) => typeof each === "string") : [];
}

/** A reference inside of the claim `kubernetes.io`. */
export function referenceClaim(claims: Claims, name: string): NamedUid | undefined {
  const value = objectClaim(claims, name);
  return value === undefined ? undefined : { name: textClaim(value, "name"), uid: textClaim(value, "uid") };
}
