/** Becoming somebody else. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, limitedRights, rights, structure } from "./row.ts";
import type { Row } from "./row.ts";

const readsSecrets = "get,list,watch,patch,delete,deletecollection secrets";

/** What impersonation with limits must allow for secrets to be read by it. */
const readsAs = (mode: string) =>
  `${["get", "list", "watch", "patch", "delete", "deletecollection"].map((verb) => `impersonate-on:${mode}:${verb}`).join(",")} secrets`;

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
  "impersonate-account-constrained": {
    name: "reads secrets in the place of",
    condition: rights(
      "become-account",
      asks("impersonate:serviceaccount serviceaccounts.authentication.k8s.io", "target"),
      asks(readsAs("serviceaccount"), "any"),
    ),
    ease: 0.95,
    attenuators: ["version-unknown"],
    attack: "T1078",
    explanation: "impersonation that is limited to some verbs is limited to reading secrets here",
    fix: "Take secrets out of what may be done in the place of others.",
    source: "k8s.io/apiserver pkg/endpoints/filters/impersonation, KEP-5284, on by default from 1.36",
    since: "1.36",
  },
  "impersonate-user-constrained": {
    name: "reads secrets in the place of",
    condition: rights(
      "become-user",
      asks("impersonate:user-info users.authentication.k8s.io", "target", true),
      asks(readsAs("user-info"), "any", true),
    ),
    ease: 0.95,
    attenuators: ["version-unknown"],
    attack: "T1078",
    explanation: "impersonation that is limited to some verbs is limited to reading secrets here",
    fix: "Take secrets out of what may be done in the place of others.",
    source: "k8s.io/apiserver pkg/endpoints/filters/impersonation, KEP-5284, on by default from 1.36",
    since: "1.36",
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
  "mint-bootstrap-token": {
    name: "makes a bootstrap token of",
    condition: limitedRights(
      { within: "kube-system", reach: "cluster" },
      "become-bootstrapper",
      asks("create secrets", "none"),
    ),
    ease: 0.95,
    attack: "T1136",
    explanation: "a secret of type bootstrap.kubernetes.io/token in kube-system is a token of a group for new nodes",
    fix: "Let nobody create secrets in kube-system, or switch bootstrap tokens off.",
    source: "k/k plugin/pkg/auth/authenticator/token/bootstrap",
  },
  "bootstrap-secret": {
    name: "holds a token of",
    condition: structure,
    ease: 1,
    attack: "T1528",
    explanation: "a secret of type bootstrap.kubernetes.io/token holds a token of groups for new nodes",
    fix: "Delete bootstrap tokens when nodes have joined.",
    source: "k/k plugin/pkg/auth/authenticator/token/bootstrap",
  },
  "map-cloud-identity": {
    name: "maps an identity of its cloud to system:masters, and so reaches",
    condition: limitedRights(
      { within: "kube-system", reach: "cluster", present: ["ConfigMap kube-system/aws-auth"] },
      "any-right",
      asks("update,patch configmaps", ["aws-auth"]),
    ),
    ease: 0.95,
    attack: "T1098.003",
    explanation: "the ConfigMap aws-auth says which users and groups identities of AWS are, system:masters among them",
    fix: "Use access entries instead of aws-auth, and take the name out of the rule.",
    source: "kubernetes-sigs/aws-iam-authenticator pkg/mapper/configmap",
  },
  "pull-with-secret": {
    name: "has images pulled with",
    condition: rights(
      "pull-with-secret",
      asks("update,patch serviceaccounts", "any"),
      asks("update,patch pods", "any"),
    ),
    ease: 0.5,
    attack: "T1525",
    explanation:
      "an account that is given a pull secret lends it to its pods, whose images it chooses: what the secret opens is read, if not its value",
    fix: "Let nobody change accounts who may not use the pull secrets of the namespace.",
    source: "k/k plugin/pkg/admission/serviceaccount/admission.go",
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
    explanation: "the API server lets the group pass without asking any rule",
    fix: "Issue no certificates in the group but for emergencies.",
    source: "k/k pkg/kubeapiserver/options/authorization.go",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
