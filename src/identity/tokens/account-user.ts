/** The user that a token of a service account speaks for. Source: apiserver pkg/authentication/serviceaccount/util.go. */
import type { User } from "../user.ts";
import { accountUserName } from "./service-account-claims.ts";
import type { NamedUid } from "./service-account-claims.ts";

const prefix = "authentication.kubernetes.io";
/** Names the credential in `extra`, and in what is on record. */
export const credentialIdKey = `${prefix}/credential-id`;

export interface AccountCredential {
  readonly namespace: string;
  readonly account: NamedUid;
  readonly pod?: NamedUid | undefined;
  readonly node?: NamedUid | undefined;
  /** The id of the token, "" for those without. */
  readonly tokenId: string;
}

export function accountUser({ namespace, account, pod, node, tokenId }: AccountCredential): User {
  const extra = new Map<string, readonly string[]>();
  if (pod !== undefined && pod.name !== "" && pod.uid !== "") {
    extra.set(`${prefix}/pod-name`, [pod.name]);
    extra.set(`${prefix}/pod-uid`, [pod.uid]);
  }
  if (tokenId !== "") extra.set(credentialIdKey, [credentialIdOf(tokenId)]);
  if (node !== undefined && node.name !== "") {
    extra.set(`${prefix}/node-name`, [node.name]);
    if (node.uid !== "") extra.set(`${prefix}/node-uid`, [node.uid]);
  }
  return {
    name: accountUserName({ namespace, name: account.name }),
    uid: account.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
    extra,
  };
}

export function credentialIdOf(tokenId: string): string {
  return `JTI=${tokenId}`;
}
