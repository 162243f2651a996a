import assert from "node:assert/strict";
import { test } from "node:test";
import { readWorkload } from "./read-workload.ts";
import type { WorkloadKind } from "./facts.ts";

const spec = {
  serviceAccountName: "runner",
  automountServiceAccountToken: false,
  containers: [{ env: [{ valueFrom: { secretKeyRef: { name: "db", key: "k", optional: true } } }] }],
  volumes: [{ secret: { secretName: "tls" } }],
};

const shapes: Readonly<Partial<Record<WorkloadKind, object>>> = {
  Pod: { spec },
  Deployment: { spec: { template: { spec } } },
  CronJob: { spec: { jobTemplate: { spec: { template: { spec } } } } },
};

for (const [kind, value] of Object.entries(shapes)) {
  test(`What a ${kind} refers to is read from its pod's spec`, () => {
    const read = readWorkload(kind as WorkloadKind, value);
    assert.deepEqual(
      read.references.map(({ name, optional }) => [name, optional]),
      [
        ["runner", false],
        ["db", true],
        ["tls", false],
      ],
    );
    assert.deepEqual([read.account, read.mountsToken], ["runner", false]);
  });
}

test("A token volume counts even where the automatic one is switched off; a mirror pod has no token", () => {
  const projected = { projected: { sources: [{ serviceAccountToken: { path: "token" } }] } };
  const withVolume = { ...spec, volumes: [projected] };
  assert.equal(readWorkload("Pod", { spec: withVolume }).mountsToken, true);
  const annotations = { "kubernetes.io/config.mirror": "x" };
  assert.equal(readWorkload("Pod", { metadata: { annotations }, spec: {} }).mountsToken, false);
  assert.equal(readWorkload("Pod", { spec: {} }).mountsToken, undefined);
  assert.equal(readWorkload("Pod", undefined).account, "default");
});

test("A token for a cloud or a store is none for the API server; one for an audience that is not known may be", () => {
  const tokenFor = (audience: string) => {
    const sources = [{ serviceAccountToken: { path: "token", audience } }];
    return readWorkload("Pod", { spec: { ...spec, volumes: [{ projected: { sources } }] } }).mountsToken;
  };
  for (const audience of ["sts.amazonaws.com", "api://AzureADTokenExchange", "vault", "my-project.svc.id.goog"]) {
    assert.equal(tokenFor(audience), false, audience);
  }
  for (const audience of ["", "https://kubernetes.default.svc", "vault2", "xsts.amazonaws.com.evil"]) {
    assert.equal(tokenFor(audience), true, audience);
  }
});
