/**
 * The headers by which a caller asks to be somebody else.
 *
 * Source: apiserver pkg/endpoints/filters/impersonation.go; apiserver pkg/authentication/serviceaccount/util.go.
 */
import type { Impersonation } from "../../../gate/gate.ts";
import { serviceAccountOf } from "../../../identity/service-account-user.ts";
import type { AccountPlace } from "../../../identity/service-account-user.ts";
import { anonymousUserName, authenticatedGroup, unauthenticatedGroup } from "../../../identity/user.ts";
import { badRequest } from "../api-error.ts";
import { goQuote } from "../codec/go-quote.ts";
import { nameIsDnsLabel, nameIsDnsSubdomain } from "../validation/names.ts";

const extraPrefix = "impersonate-extra-";
const authenticationGroup = "authentication.k8s.io";

interface Asked {
  readonly user: string;
  readonly groups: readonly string[];
  readonly uid: string;
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

/**
 * Whom the headers ask for; undefined when they ask for nobody. Raises 400 for a group, uid or extra without a user.
 *
 * @param rawHeaders names and values in turn, as Node has them: a joined list would not tell two groups from one
 */
export function readImpersonation(rawHeaders: readonly string[]): Impersonation | undefined {
  const asked = readHeaders(rawHeaders);
  const { user, groups, uid, extra } = asked;
  if (user === "") {
    if (groups.length === 0 && uid === "" && extra.size === 0) return undefined;
    throw badRequest(`requested ${describe(asked)} without impersonating a user`);
  }
  const account = splitAccount(user);
  const who =
    account === undefined
      ? need("", "users", user)
      : { ...need("", "serviceaccounts", account.name), namespace: account.namespace };
  const extras = [...extra].flatMap(([key, values]) =>
    values.map((value) => ({ ...need(authenticationGroup, "userextras", value), subresource: key })),
  );
  return {
    user: { name: user, uid: uid === "" ? undefined : uid, groups: groupsOf(user, account, groups), extra },
    needs: [
      who,
      ...groups.map((group) => need("", "groups", group)),
      ...extras,
      ...(uid === "" ? [] : [need(authenticationGroup, "uids", uid)]),
    ],
  };
}

function readHeaders(rawHeaders: readonly string[]): Asked {
  const [groups, extra] = [[] as string[], new Map<string, string[]>()];
  let [user, uid] = ["", ""];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? "";
    const value = rawHeaders[index + 1] ?? "";
    if (name === "impersonate-user") user ||= value;
    else if (name === "impersonate-uid") uid ||= value;
    else if (name === "impersonate-group") groups.push(value);
    else if (name.startsWith(extraPrefix)) {
      const key = unescapeKey(name.slice(extraPrefix.length));
      extra.set(key, [...(extra.get(key) ?? []), value]);
    }
  }
  return { user, uid, groups, extra };
}

/** A key that is not well escaped is taken as it is. */
function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function need(apiGroup: string, resource: string, name: string): Impersonation["needs"][number] {
  const apiVersion = apiGroup === "" ? "" : "v1";
  return { apiGroup, apiVersion, resource, subresource: "", namespace: "", name };
}

/** Only what can be the name of an account is one. */
function splitAccount(user: string): AccountPlace | undefined {
  const account = serviceAccountOf(user);
  if (account === undefined) return undefined;
  const { namespace, name } = account;
  return nameIsDnsLabel(namespace, false).length === 0 && nameIsDnsSubdomain(name, false).length === 0
    ? account
    : undefined;
}

/** An account without groups has those of its namespace; everybody is authenticated or not. */
function groupsOf(
  user: string,
  account: { readonly namespace: string } | undefined,
  asked: readonly string[],
): readonly string[] {
  const ofAccount =
    account === undefined || asked.length > 0
      ? []
      : ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`];
  const groups = [...asked, ...ofAccount];
  if (groups.includes(unauthenticatedGroup)) return groups;
  if (user === anonymousUserName) return [...groups, unauthenticatedGroup];
  return groups.includes(authenticatedGroup) ? groups : [...groups, authenticatedGroup];
}

function describe({ groups, uid, extra }: Asked): string {
  const parts = [
    ...groups.map((group) => `the group ${goQuote(group)}`),
    ...[...extra.keys()].map((key) => `the extra ${goQuote(key)}`),
    ...(uid === "" ? [] : [`the uid ${goQuote(uid)}`]),
  ];
  return parts.join(", ");
}
