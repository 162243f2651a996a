/** Becoming somebody else. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, rights, structure } from "./row.ts";
import type { Row } from "./row.ts";

const readsSecrets = "get,list,watch,patch,delete,deletecollection secrets";

export const identitiesRules = {
  "request-token": {
    name: "requests a token of",
    condition: rights("become-account", asks("create serviceaccounts/token", "target")),
    ease: 0.95,
    attack: "T1528",
    explanation: "whoever holds a token of an account is that account",
    fix: "Name the accounts in resourceNames.",
    source: "k/k pkg/registry/core/serviceaccount/storage/token.go",
  },
  "mint-token-secret": {
    name: "makes a secret with a token of",
    condition: rights("become-account", asks("create secrets", "none"), [
      ...asks(readsSecrets, "free"),
      ...asks("create pods", "none"),
    ]),
    ease: 0.95,
    attack: "T1528",
    explanation: "a controller fills a secret of type service-account-token with a token of any account named in it",
    fix: "Separate who creates secrets from who reads them or creates pods.",
    source: "k/k pkg/controller/serviceaccount/tokens_controller.go",
  },
  "impersonate-account": {
    name: "impersonates",
    condition: rights("become-account", asks("impersonate serviceaccounts", "target")),
    ease: 0.95,
    attack: "T1078",
    explanation: "requests are decided as those of the account",
    fix: "Name the accounts in resourceNames. The role edit impersonates every account of its namespace.",
    source: "k8s.io/apiserver pkg/endpoints/filters/impersonation.go",
  },
  "impersonate-user": {
    name: "impersonates",
    condition: rights("become-user", asks("impersonate users", "target", true)),
    ease: 0.95,
    attack: "T1078",
    explanation: "requests are decided as those of the user",
    fix: "Name the users in resourceNames.",
    source: "k8s.io/apiserver pkg/endpoints/filters/impersonation.go",
  },
  "impersonate-group": {
    name: "impersonates a member of",
    condition: rights("become-group", asks("impersonate groups", "target", true), [
      ...asks("impersonate users", "any", true),
      ...asks("impersonate serviceaccounts", "any"),
    ]),
    ease: 0.95,
    attack: "T1078",
    explanation: "a group is impersonated together with a user or an account",
    fix: "Name the groups in resourceNames, and never system:masters.",
    source: "k8s.io/apiserver pkg/endpoints/filters/impersonation.go",
  },
  "token-secret": {
    name: "holds a token of",
    condition: structure,
    ease: 1,
    attack: "T1528",
    explanation: "a secret of type service-account-token holds a token that does not expire",
    fix: "Delete the token secret; use tokens that expire.",
    source: "k/k pkg/controller/serviceaccount/tokens_controller.go",
  },
  "member-of": {
    name: "is a member of",
    condition: structure,
    ease: 1,
    free: true,
    attack: "",
    explanation:
      "every account is in the groups of all accounts, of those of its namespace and of all who are authenticated",
    fix: "Bind rights to accounts by name.",
    source: "k8s.io/apiserver pkg/authentication/serviceaccount/util.go",
  },
  "super-user": {
    name: "may do everything, and so reaches",
    condition: structure,
    ease: 1,
    direct: true,
    attack: "T1078",
    explanation: "the API server lets system:masters pass without asking any rule",
    fix: "Issue no certificates in system:masters but for emergencies.",
    source: "k/k pkg/kubeapiserver/options/authorization.go",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
