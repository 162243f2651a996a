/** References to what is not there. Only a source that has objects of the kind can say that one is not. */
import type { FactSet } from "../facts/fact-set.ts";
import { workloadKinds } from "../facts/facts.ts";
import type { BindingFact, WorkloadFact, WorkloadReference } from "../facts/facts.ts";
import { defaultRoles } from "../graph/default-roles.ts";
import { objectText } from "../questions/principal.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { jsonPatch, kubectlGet, manifests } from "./kubectl-command.ts";
import { baseScore } from "./score.ts";

/** All of them. */
export function missingReferences(facts: FactSet): Finding[] {
  const bindings = [...facts.of("ClusterRoleBinding"), ...facts.of("RoleBinding")];
  return [
    ...workloadKinds.flatMap((kind) => facts.of(kind).flatMap((workload) => missingOfWorkload(facts, workload))),
    ...bindings.flatMap((binding) => [...missingRole(facts, binding), ...missingAccounts(facts, binding)]),
  ];
}

function missingOfWorkload(facts: FactSet, workload: WorkloadFact): Finding[] {
  const { namespace, references, account } = workload;
  const shown = objectText(workload);
  const names = references.filter(({ kind, optional }) => kind === "secret" && !optional).map(({ name }) => name);
  const secrets = [...new Set(names)]
    .filter((name) => isMissing(facts, "Secret", namespace, name))
    .map((name): Finding => {
      const secret = { kind: "Secret", namespace, name };
      const fields = references.filter((each) => each.kind === "secret" && each.name === name).map(({ way }) => way);
      return makeFinding({
        check: "SR-REF-001",
        object: workload,
        about: [name],
        ...(facts.source !== "manifests" ? {} : { score: baseScore(4, absentFromManifests) }),
        message: `${shown} needs ${objectText(secret)}, ${absence(facts)}: without it, it does not start`,
        evidence: fields.map((way) => evidenceOf(workload, fieldOf[way], `it refers to ${objectText(secret)}`)),
        verify: { command: kubectlGet(secret), expect: "the secret" },
      });
    });
  if (account === "default" || !isMissing(facts, "ServiceAccount", namespace, account)) return secrets;
  const missing = { kind: "ServiceAccount", namespace, name: account };
  const found = makeFinding({
    check: "SR-REF-004",
    object: workload,
    about: [account],
    message: `${shown} runs as ${objectText(missing)}, which is not there`,
    evidence: [evidenceOf(workload, "spec.serviceAccountName", `it names ${objectText(missing)}`)],
    patch: manifests({ apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name: account } }),
    verify: { command: kubectlGet(missing), expect: "the account" },
  });
  return [...secrets, found];
}

const absentFromManifests = { name: "source", value: 0.75, because: "manifests can leave to others what they lack" };

/** Where in the spec of a pod a reference of each way stands. */
const fieldOf: Readonly<Record<WorkloadReference["way"], string>> = {
  environment: "env[].valueFrom.secretKeyRef.name",
  "environment-from": "envFrom[].secretRef.name",
  volume: "volumes[].secret.secretName",
  "projected-volume": "volumes[].projected.sources[].secret.name",
  "image-pull": "imagePullSecrets[].name",
  "volume-driver": "volumes[]",
  account: "serviceAccountName",
};

/** Roles of the system are in every cluster, if not in every source. */
function missingRole(facts: FactSet, binding: BindingFact): Finding[] {
  const { kind, name } = binding.roleRef;
  if (kind !== "Role" && kind !== "ClusterRole") return [];
  if (kind === "ClusterRole" && (defaultRoles.has(name) || name.startsWith("system:"))) return [];
  const role = { kind, name, namespace: kind === "Role" ? binding.namespace : "" };
  if (!isMissing(facts, kind, role.namespace, name)) return [];
  const shown = objectText(binding);
  return [
    makeFinding({
      check: "SR-REF-002",
      object: binding,
      message: `${shown} binds ${kind} ${name}, which is not there: whoever creates it decides what the subjects may do`,
      evidence: [evidenceOf(binding, "roleRef.name", `it names ${objectText(role)}`)],
      verify: { command: kubectlGet(binding), expect: "NotFound, or a binding of another role" },
    }),
  ];
}

function missingAccounts(facts: FactSet, binding: BindingFact): Finding[] {
  if (binding.name.startsWith("system:")) return []; // made with the cluster, whether or not it has the account
  const shown = objectText(binding);
  return binding.subjects.flatMap((subject, index): Finding[] => {
    const namespace = subject.namespace || binding.namespace;
    if (subject.kind !== "ServiceAccount" || subject.name === "default" || namespace === "") return [];
    if (!isMissing(facts, "ServiceAccount", namespace, subject.name)) return [];
    const account = objectText({ kind: "ServiceAccount", namespace, name: subject.name });
    const path = `/subjects/${index}`;
    return [
      makeFinding({
        check: "SR-REF-003",
        object: binding,
        about: [account],
        message: `${shown} gives rights to ${account}, which is not there: whoever creates it has them`,
        evidence: [evidenceOf(binding, `subjects[${index}]`, `it names ${account}`)],
        patch: jsonPatch(binding, [
          { op: "test", path: `${path}/name`, value: subject.name },
          { op: "remove", path },
        ]),
        verify: { command: kubectlGet(binding, "-o jsonpath='{.subjects}'"), expect: "subjects without this account" },
      }),
    ];
  });
}

/** Manifests can leave to others what they do not declare. */
function absence({ source }: FactSet): string {
  return source === "manifests" ? "which no manifest declares" : "which is not there";
}

function isMissing(
  facts: FactSet,
  kind: "Secret" | "ServiceAccount" | "Role" | "ClusterRole",
  namespace: string,
  name: string,
): boolean {
  return facts.knows(kind, namespace) && facts.named(kind, namespace, name).length === 0;
}
