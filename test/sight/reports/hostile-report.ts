/** Reports and clusters in which every text that somebody else can choose is hostile. */
import type { Report, ReportFinding } from "../../../src/sight/reports/report.ts";
import { sampleFinding, sampleReport } from "../../support/report-samples.ts";

/** Every text of a finding has the name in it, and begins with it where it is a text of its own. */
function hostileFinding(name: string, index: number): ReportFinding {
  const place = { place: `${name}:7`, file: name, line: 7 };
  const step = (from: string, to: string) => {
    const proof = [{ object: name, rule: 1, ...place }];
    return { edge: "get-secret", verb: "gets", from, to, because: `${name} gives ${name}`, proof, fix: name };
  };
  return sampleFinding({
    id: name,
    fingerprint: `f${index}`,
    check: "SR-ACC-001",
    severity: (["critical", "high", "medium", "low", "info"] as const)[index % 5] ?? "low",
    message: `${name} may read ${name}`,
    object: { kind: "User", namespace: name, name, ...place },
    evidence: [{ object: name, field: name, text: name, ...place }],
    explanation: name,
    fix: name,
    patch: { format: "json-patch", target: name, text: name, command: name },
    verify: { command: name, expect: name },
    path: index % 2 === 0 ? [step(`User ${name}`, `Pod ${name}/${name}`), step(`Pod ${name}/${name}`, name)] : [],
    unknown: [name],
  });
}

/** One finding for each name and one that is excepted; coverage, exceptions and what is gone have the first. */
export function hostileReport(names: readonly string[]): Report {
  const [name = ""] = names;
  const findings = [...names, name].map(hostileFinding);
  const exception = { fingerprint: `f${names.length}`, check: undefined, object: undefined, owner: name, place: name };
  const report = sampleReport(findings, {
    exceptions: [
      { ...exception, reason: name, expires: "2027-01-01" },
      { ...exception, reason: name, expires: "2020-01-01" },
      { ...exception, fingerprint: "none", reason: name, expires: "2027-01-01" },
    ],
    baseline: { byFingerprint: new Map([["g", { fingerprint: name, check: name, id: name }]]) },
  });
  const at = { file: name, document: 1, item: undefined, line: 3 };
  return {
    ...report,
    coverage: {
      ...report.coverage,
      origin: { id: name, version: name, server: "unknown", level: name, readAt: name },
      unresolved: [{ binding: name, role: name }],
      problems: [{ message: name, at }],
      needs: [{ kind: "Pod", namespace: name, reason: "failed", because: name, right: name }],
    },
  };
}

/** A dump in which accounts, roles, bindings, pods, secrets, keys, users and groups have the names. */
export function hostileDump(names: readonly string[]): object {
  const group = "rbac.authorization.k8s.io";
  const items = names.flatMap((name, index) => {
    const metadata = { name, namespace: name };
    const roleRef = { apiGroup: group, kind: "Role", name };
    const subjects = [
      { kind: "User", name },
      { kind: "Group", name },
      { kind: "ServiceAccount", ...metadata },
      { kind: "ServiceAccount", name: `${name}-gone`, namespace: name },
    ];
    const env = [{ name: "A", valueFrom: { secretKeyRef: { name: `${name}-missing`, key: name } } }];
    return [
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: { [name]: "c2VjcmV0" } },
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata,
        spec: { serviceAccountName: name, containers: [{ name, image: name, env }] },
      },
      {
        apiVersion: `${group}/v1`,
        kind: "Role",
        metadata,
        rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }],
      },
      { apiVersion: `${group}/v1`, kind: "RoleBinding", metadata, roleRef, subjects },
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRoleBinding",
        metadata: { name: `${name}${index}` },
        roleRef: { apiGroup: group, kind: "ClusterRole", name: "cluster-admin" },
        subjects,
      },
    ];
  });
  return { apiVersion: "v1", kind: "List", items };
}
