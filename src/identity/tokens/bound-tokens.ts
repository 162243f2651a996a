/**
 * Bound tokens of service accounts: they end at a time, and with their account and the object they are bound to.
 * Source: k/k pkg/serviceaccount/{jwt,claims}.go; the times as go-jose's jwt/validation.go checks them.
 */
import { accountUser } from "./account-user.ts";
import {
  accountUserName,
  audienceClaim,
  objectClaim,
  referenceClaim,
  textClaim,
  timeClaim,
} from "./service-account-claims.ts";
import type { NamedUid } from "./service-account-claims.ts";
import { refused, unverifiedIssuer, verifyToken } from "./signed-token.ts";
import type { Claims } from "./signed-token.ts";
import { sharedAudiences } from "./token-authenticator.ts";
import type { TokenAuthenticator, VerifiedToken } from "./token-authenticator.ts";
import type { TokenFacts, TokenObject, TokenObjectFact } from "./token-facts.ts";
import type { TokenPublicKey } from "./token-key.ts";

/** How far clocks may differ, and how long a token outlives the deletion of its object while something holds that. */
export const leewayMs = 60_000;

export interface BoundTokenOptions {
  /** Those whose tokens count. */
  readonly issuers: readonly string[];
  readonly keysFor: (kid?: string) => readonly TokenPublicKey[];
  readonly facts: TokenFacts;
  readonly nowMs: () => number;
}

export class BoundTokens implements TokenAuthenticator {
  readonly #options: BoundTokenOptions;

  constructor(options: BoundTokenOptions) {
    this.#options = options;
  }

  async authenticate(token: string, audiences: readonly string[]): Promise<VerifiedToken | undefined> {
    const { issuers, keysFor } = this.#options;
    const issuer = unverifiedIssuer(token);
    if (issuer === undefined || !issuers.includes(issuer)) return undefined;
    const claims = await verifyToken(token, keysFor);
    if (!issuers.includes(textClaim(claims, "iss"))) throw refused("token issuer is invalid");
    const shared = sharedAudiences(audienceClaim(claims), audiences);
    if (shared.length === 0) throw refused(audienceText(audienceClaim(claims), audiences));
    return this.#checked(claims, shared);
  }

  async #checked(claims: Claims, audiences: readonly string[]): Promise<VerifiedToken> {
    const nowMs = this.#options.nowMs();
    const expiresAtMs = requireInTime(claims, nowMs);
    const own = objectClaim(claims, "kubernetes.io") ?? {};
    const namespace = textClaim(own, "namespace");
    const account = referenceClaim(own, "serviceaccount") ?? { name: "", uid: "" };
    const bound = boundObject(own, namespace);
    const ends = [expiresAtMs + leewayMs, await this.#accountEnd(namespace, account, nowMs)];
    if (bound !== undefined) ends.push(await this.#boundEnd(bound, nowMs));
    const node = referenceClaim(own, "node");
    return {
      user: accountUser({
        namespace,
        account,
        pod: bound?.kind === "pod" ? bound : undefined,
        node,
        tokenId: textClaim(claims, "jti"),
      }),
      audiences,
      dependsOn: [{ kind: "serviceaccount", namespace, name: account.name }, ...(bound === undefined ? [] : [bound])],
      endsAtMs: Math.min(...ends),
      annotations: staleness(claims, own, nowMs),
      warnings: [],
    };
  }

  async #accountEnd(namespace: string, { name, uid }: NamedUid, nowMs: number): Promise<number> {
    const fact = await this.#options.facts.account(namespace, name);
    if (fact === undefined) throw refused(`serviceaccounts "${name}" not found`);
    if (fact.uid !== uid) throw refused(`service account UID (${fact.uid}) does not match claim (${uid})`);
    const end = endOf(fact);
    if (end < nowMs) throw refused(`service account ${namespace}/${name} has been deleted`);
    return end;
  }

  async #boundEnd(bound: BoundObject, nowMs: number): Promise<number> {
    const fact = await this.#options.facts.object(bound);
    if (fact === undefined) throw refused("service account token has been invalidated");
    if (fact.uid !== bound.uid) {
      const [what, claim] = uidWords[bound.kind];
      throw refused(`${what} UID (${fact.uid}) does not match service account ${claim} ref claim (${bound.uid})`);
    }
    const end = endOf(fact);
    if (end < nowMs) throw refused("service account token has been invalidated");
    return end;
  }
}

type BoundObject = TokenObject & NamedUid & { readonly kind: "pod" | "secret" | "node" };

const uidWords = { pod: ["pod", "pod"], secret: ["secret", "secret"], node: ["node", "node"] } as const;

/** A node beside a pod only says where the pod runs. */
function boundObject(own: Claims, namespace: string): BoundObject | undefined {
  const [secret, pod, node] = ["secret", "pod", "node"].map((name) => referenceClaim(own, name));
  if (secret !== undefined) return { kind: "secret", namespace, ...secret };
  if (pod !== undefined) return { kind: "pod", namespace, ...pod };
  return node === undefined ? undefined : { kind: "node", namespace: "", ...node };
}

function endOf({ deletedAtMs }: TokenObjectFact): number {
  return deletedAtMs === undefined ? Infinity : deletedAtMs + leewayMs;
}

/** Resolves to when it ends, without leeway. A token of ours always says; one that does not is not taken. */
function requireInTime(claims: Claims, nowMs: number): number {
  const [expires, notBefore, issued] = ["exp", "nbf", "iat"].map((name) => timeClaim(claims, name));
  if (notBefore !== undefined && nowMs + leewayMs < notBefore * 1000) {
    throw refused("service account token is not valid yet");
  }
  if (expires === undefined || nowMs - leewayMs > expires * 1000) throw refused("service account token has expired");
  if (issued !== undefined && nowMs + leewayMs < issued * 1000) {
    throw refused("service account token is issued in the future");
  }
  return expires * 1000;
}

function audienceText(of: readonly string[], asked: readonly string[]): string {
  const list = (audiences: readonly string[]) => `[${audiences.map((each) => JSON.stringify(each)).join(" ")}]`;
  return `token audiences ${list(of)} is invalid for the target audiences ${list(asked)}`;
}

/** Used after the time that its client asked for: what the client should mend. */
function staleness(claims: Claims, own: Claims, nowMs: number): [string, string][] {
  const warnAfter = timeClaim(own, "warnafter");
  if (warnAfter === undefined || warnAfter === 0 || nowMs <= warnAfter * 1000) return [];
  const seconds = Math.floor(nowMs / 1000) - Math.floor(warnAfter);
  const text = `subject: ${textClaim(claims, "sub")}, seconds after warning threshold: ${seconds}`;
  return [["authentication.k8s.io/stale-token", text]];
}

/** Whether the claims are of this account. */
export function isSubject(claims: Claims, namespace: string, name: string): boolean {
  return textClaim(claims, "sub") === accountUserName({ namespace, name });
}
