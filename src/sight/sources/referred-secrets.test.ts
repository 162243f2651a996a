import assert from "node:assert/strict";
import { test } from "node:test";
import { readText } from "./file-source.ts";
import { ReferredSecrets, addReferredSecrets } from "./referred-secrets.ts";

const cluster = `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: s, namespace: a}, secrets: [{name: token}], imagePullSecrets: [{name: pull}]}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {tls: [{secretName: tls}]}}
---
{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: e, namespace: a}, spec: {target: {name: synced}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a}, spec: {volumes: [{secret: {secretName: mounted}}]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: a}
rules:
- {verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: [named, mounted]}
- {verbs: [get], apiGroups: [""], resources: [pods], resourceNames: [no-secret]}
`;

test("Names of Secrets stand in accounts, ingresses, operators' objects, pods and roles, and make nothing known", () => {
  const facts = readText("dump", "f.yaml", cluster);
  addReferredSecrets(facts);
  const names = facts.of("Secret").map(({ name, seen }) => `${name} ${seen}`);
  assert.deepEqual(names.sort(), ["mounted name", "named name", "pull name", "synced name", "tls name", "token name"]);
  assert.deepEqual([facts.knows("Secret"), facts.coverage.unknown.includes("Secret")], [false, true]);
});

test("A name goes with the last that names it", () => {
  const facts = readText("dump", "f.yaml", cluster);
  const referred = new ReferredSecrets(facts.all());
  assert.deepEqual(referred.delete("Pod\na\np"), []);
  const gone = referred.delete("Role\na\nr").map((change) => ("name" in change ? change.name : ""));
  assert.deepEqual(gone.sort(), ["mounted", "named"]);
});
