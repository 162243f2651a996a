/**
 * Every way from an identity to a secret that is known here, one row each.
 *
 * The conditions are those of the API server, not of custom: for instance `patch` reads, since its answer is the whole
 * object. What is not here yet: docs/adr/0015.
 */
import type { CapabilityKind } from "./capability.ts";
import { edgeIds } from "./edge-rule.ts";
import type { Ask, EdgeCondition, EdgeId, EdgeRule, ServerKind } from "./edge-rule.ts";

const everyServer: readonly ServerKind[] = ["kubernetes", "strongroom"];
const structure: EdgeCondition = { type: "structure" };

/** `verbs resources[.group][/subresource]`, comma lists. */
function asks(text: string, named: Ask["named"], clusterWide = false): readonly Ask[] {
  const [verbs = "", resources = ""] = text.split(" ");
  return verbs.split(",").flatMap((verb) =>
    resources.split(",").map((written): Ask => {
      const [full = "", subresource = ""] = written.split("/");
      const dot = full.indexOf(".");
      const [resource, group] = dot < 0 ? [full, ""] : [full.slice(0, dot), full.slice(dot + 1)];
      return { verb, group, resource, subresource, clusterWide, named };
    }),
  );
}

function rights(gives: CapabilityKind, ...needs: readonly (readonly Ask[])[]): EdgeCondition {
  return { type: "rights", gives, needs };
}

type Row = Pick<EdgeRule, "name" | "condition" | "ease" | "attack" | "explanation" | "fix" | "source"> &
  Partial<EdgeRule>;

/** How a pod template is changed: made anew, or in one that is there. */
const workloads =
  "deployments.apps,statefulsets.apps,daemonsets.apps,replicasets.apps,jobs.batch,cronjobs.batch,replicationcontrollers";
const writeHandlers = "k8s.io/apiserver pkg/endpoints/handlers";
const readsSecrets = "get,list,watch,patch,delete,deletecollection secrets";
const narrowRead = "Name the secrets in resourceNames, or take secrets out of the rule.";

const rows: Readonly<Record<EdgeId, Row>> = {
  "get-secret": {
    name: "gets",
    condition: rights("read-secret", asks("get secrets", "target")),
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "get returns the secret with its values",
    fix: narrowRead,
    source: `${writeHandlers}/get.go`,
  },
  "list-secrets": {
    name: "lists",
    condition: rights("read-secret", asks("list secrets", "target")),
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "list returns values; of one name with the field selector metadata.name",
    fix: "Replace list by get with resourceNames.",
    source: `${writeHandlers}/get.go`,
  },
  "watch-secrets": {
    name: "watches",
    condition: rights("read-secret", asks("watch secrets", "target")),
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "the first events of a watch carry the values of what is there",
    fix: "Replace watch by get with resourceNames.",
    source: `${writeHandlers}/watch.go`,
  },
  "patch-secret": {
    name: "patches, and so reads,",
    condition: rights("read-secret", asks("patch secrets", "target")),
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "the answer to a patch is the whole object, also to an empty one and to a dry run",
    fix: "Let what writes secrets use update, whose answer is what it sent.",
    source: `${writeHandlers}/patch.go`,
    servers: ["kubernetes"],
  },
  "delete-secret": {
    name: "deletes, and so reads,",
    condition: rights("read-secret", asks("delete secrets", "target")),
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "a deletion with propagationPolicy Foreground or Orphan returns the object, also in a dry run",
    fix: narrowRead,
    source: `${writeHandlers}/delete.go`,
    servers: ["kubernetes"],
  },
  "delete-secrets": {
    name: "deletes by collection, and so reads,",
    condition: rights("read-secret", asks("deletecollection secrets", "target")),
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "deletecollection returns what it deletes, also in a dry run",
    fix: "Take deletecollection out of the rule.",
    source: `${writeHandlers}/delete.go`,
    servers: ["kubernetes"],
  },
  "create-pod": {
    name: "creates a pod that reaches",
    condition: rights("run-pod", asks("create pods", "none")),
    ease: 0.85,
    attack: "T1610",
    explanation: "a pod gets any secret and any account of its namespace without a right to them",
    fix: "Keep who creates pods out of namespaces with secrets that are not theirs.",
    source: "k/k pkg/kubelet/volumemanager",
  },
  "change-workload": {
    name: "changes a workload so that it reaches",
    condition: rights("run-pod", [...asks(`create ${workloads}`, "none"), ...asks(`update,patch ${workloads}`, "any")]),
    ease: 0.85,
    attack: "T1610",
    explanation: "the template of a workload gets any secret and any account of its namespace",
    fix: "Keep who changes workloads out of namespaces with secrets that are not theirs.",
    source: "k/k pkg/controller",
  },
  "exec-pod": {
    name: "runs a command in",
    condition: rights("enter-pod", asks("create pods/exec,pods/attach", "target")),
    ease: 0.95,
    attack: "T1609",
    explanation: "a command in a container sees its files, its environment and its token",
    fix: "Give pods/exec and pods/attach for the time they are needed only, by name.",
    source: "k/k pkg/registry/core/pod/rest/subresources.go",
  },
  "exec-pod-by-get": {
    name: "runs a command, by a WebSocket, in",
    condition: rights("enter-pod", asks("get pods/exec,pods/attach", "target")),
    ease: 0.95,
    attack: "T1609",
    explanation: "a WebSocket is opened with GET, which before 1.35 is decided as get",
    fix: "Take pods/exec and pods/attach out of rules that only read.",
    source: "k/k pkg/registry/core/pod/rest/subresources.go, gate AuthorizePodWebsocketUpgradeCreatePermission",
    until: "1.35",
  },
  "debug-pod": {
    name: "adds a debugging container to",
    condition: rights("enter-pod", asks("update,patch pods/ephemeralcontainers", "target")),
    ease: 0.95,
    attack: "T1609",
    explanation: "an ephemeral container mounts what the pod has and shares its processes",
    fix: "Give pods/ephemeralcontainers for the time it is needed only, by name.",
    source: "k/k pkg/registry/core/pod/storage/storage.go",
  },
  "change-pod": {
    name: "changes the image of",
    condition: rights("enter-pod", asks("update,patch pods", "target")),
    ease: 0.85,
    attack: "T1525",
    explanation: "another image runs with the same mounts, environment and account",
    fix: "Let controllers change pods, not people.",
    source: "k/k pkg/apis/core/validation (ValidatePodUpdate)",
  },
  "use-kubelet": {
    name: "runs a command, through a kubelet, in",
    condition: rights("use-kubelet", asks("get,create nodes/proxy", "target", true)),
    ease: 0.95,
    attack: "T1609",
    explanation: "the kubelet runs commands in every pod of its node; a WebSocket needs get only",
    fix: "Use the finer nodes/metrics, nodes/stats, nodes/log and nodes/healthz.",
    source: "k/k pkg/kubelet/server/auth.go",
  },
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
  "approve-certificate": {
    name: "approves a certificate of their own as",
    condition: rights(
      "certify",
      asks("create certificatesigningrequests.certificates.k8s.io", "none", true),
      asks("update,patch certificatesigningrequests.certificates.k8s.io/approval", "any", true),
      asks("approve signers.certificates.k8s.io", ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"], true),
    ),
    ease: 0.95,
    attack: "T1649",
    explanation: "the signer kube-apiserver-client signs any name and any group but system:masters",
    fix: "Separate who asks for certificates from who approves them.",
    source: "k/k plugin/pkg/admission/certificates",
  },
  "approve-node-certificate": {
    name: "approves a certificate of their own as",
    condition: rights(
      "become-node",
      asks("create certificatesigningrequests.certificates.k8s.io", "none", true),
      asks("update,patch certificatesigningrequests.certificates.k8s.io/approval", "any", true),
      asks(
        "approve signers.certificates.k8s.io",
        ["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"],
        true,
      ),
    ),
    ease: 0.95,
    attack: "T1649",
    explanation: "the signer kube-apiserver-client-kubelet signs the name of any node",
    fix: "Separate who asks for certificates from who approves them.",
    source: "k/k plugin/pkg/admission/certificates",
  },
  "tap-by-webhook": {
    name: "sees, once it is written,",
    condition: rights(
      "read-secret",
      asks(
        "create validatingwebhookconfigurations.admissionregistration.k8s.io,mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "none",
        true,
      ).concat(
        asks(
          "update,patch validatingwebhookconfigurations.admissionregistration.k8s.io,mutatingwebhookconfigurations.admissionregistration.k8s.io",
          "any",
          true,
        ),
      ),
    ),
    ease: 0.5,
    attack: "T1546",
    explanation: "an admission webhook is sent the secret that is written, and the one it replaces",
    fix: "Let few change webhook configurations, and be alerted when one changes.",
    source: "k8s.io/apiserver pkg/admission/plugin/webhook",
  },
  "bind-role": {
    name: "binds to itself",
    condition: { type: "roles" },
    ease: 0.95,
    attack: "T1098.006",
    explanation: "the verb bind lets one bind a role without holding its rights, in the namespace of the binding",
    fix: "Name the roles that may be bound in resourceNames.",
    source: "k/k pkg/registry/rbac/rolebinding/policybased/storage.go",
  },
  "change-binding": {
    name: "adds itself to a binding of",
    condition: { type: "roles" },
    ease: 0.95,
    attack: "T1098.006",
    explanation: "who may change a binding and bind its role can add subjects to it",
    fix: "Name the roles that may be bound in resourceNames.",
    source: "k/k pkg/registry/rbac/rolebinding/policybased/storage.go",
  },
  "escalate-role": {
    name: "adds rights to a role it has, and so reaches",
    condition: { type: "roles" },
    ease: 0.95,
    attack: "T1098.006",
    explanation: "the verb escalate lets one write rules into a role that one does not hold",
    fix: "Take the verb escalate out of the rule.",
    source: "k/k pkg/registry/rbac/role/policybased/storage.go",
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
  "secret-in-pod": {
    name: "has in it",
    condition: structure,
    ease: 1,
    attack: "T1552.001",
    explanation: "the values are files or environment of the containers",
    fix: "Mount the secret only where it is used.",
    source: "k/k pkg/api/v1/pod/util.go",
  },
  "token-in-pod": {
    name: "has in it the token of",
    condition: structure,
    ease: 1,
    attack: "T1528",
    explanation: "the token of its account is mounted in a pod unless that is switched off",
    fix: "Set automountServiceAccountToken to false where the API is not used.",
    source: "k/k plugin/pkg/admission/serviceaccount/admission.go",
  },
  "node-reads-secret": {
    name: "reads, for a pod it runs,",
    condition: structure,
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "a node may get the secrets that the pods bound to it refer to",
    fix: "Keep pods with such secrets on nodes of their own.",
    source: "k/k plugin/pkg/auth/authorizer/node",
  },
  "node-requests-token": {
    name: "requests, for a pod it runs, a token of",
    condition: structure,
    ease: 1,
    attack: "T1528",
    explanation: "a node may request tokens of the accounts of the pods bound to it",
    fix: "Keep pods with strong accounts on nodes of their own.",
    source: "k/k plugin/pkg/auth/authorizer/node",
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
  "new-pod-mounts": {
    name: "mounts",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1552.001",
    explanation: "a new pod mounts any secret of its namespace",
    fix: "",
    source: "k/k pkg/kubelet/volumemanager",
  },
  "new-pod-runs-as": {
    name: "runs as",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1528",
    explanation: "a new pod runs as any account of its namespace",
    fix: "",
    source: "k/k plugin/pkg/admission/serviceaccount/admission.go",
  },
  "grants-itself": {
    name: "grants itself",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1098.006",
    explanation: "with every right within reach, everything is",
    fix: "",
    source: "k/k pkg/registry/rbac/escalation_check.go",
  },
  "certified-as": {
    name: "is certified as",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1649",
    explanation: "the common name of a client certificate is the user, its organizations are the groups",
    fix: "",
    source: "k8s.io/apiserver pkg/authentication/request/x509",
  },
  concerns: {
    name: "reaches",
    condition: structure,
    ease: 1,
    free: true,
    attack: "",
    explanation: "the right is not limited to another name or namespace",
    fix: "",
    source: "k/k plugin/pkg/auth/authorizer/rbac/rbac.go",
  },
};

/** The table, in the order in which equally good ways are preferred. */
export const edgeRules: readonly EdgeRule[] = edgeIds.map((id) => ({
  free: false,
  direct: false,
  servers: everyServer,
  since: undefined,
  until: undefined,
  ...rows[id],
  id,
}));

const numbers: ReadonlyMap<EdgeId, number> = new Map(edgeIds.map((id, index) => [id, index]));

/** The place of a rule in the table. */
export function edgeNumber(id: EdgeId): number {
  const number = numbers.get(id);
  if (number === undefined) throw new RangeError(`there must be an edge rule ${id}`);
  return number;
}
