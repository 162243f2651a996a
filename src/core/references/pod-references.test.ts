import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { podReferences } from "./pod-references.ts";

function references(spec: object): string[] {
  return podReferences({ spec }).map(({ kind, name, way }) => `${kind} ${name} ${way}`);
}

const container = {
  env: [
    { name: "A", valueFrom: { secretKeyRef: { name: "s-env", key: "k" } } },
    { name: "B", valueFrom: { configMapKeyRef: { name: "c-env", key: "k" } } },
    { name: "C", value: "x" },
  ],
  envFrom: [{ secretRef: { name: "s-from" } }, { configMapRef: { name: "c-from" } }],
};

test("Containers of all three kinds refer by their environment", () => {
  for (const field of ["containers", "initContainers", "ephemeralContainers"]) {
    assert.deepEqual(references({ [field]: [container] }), [
      "secret s-env environment",
      "configmap c-env environment",
      "secret s-from environment-from",
      "configmap c-from environment-from",
    ]);
  }
});

test("Every volume that can name a Secret or a ConfigMap refers to it", () => {
  const volumes: readonly (readonly [object, string])[] = [
    [{ secret: { secretName: "a" } }, "secret a volume"],
    [{ configMap: { name: "a" } }, "configmap a volume"],
    [{ projected: { sources: [{ secret: { name: "a" } }] } }, "secret a projected-volume"],
    [{ projected: { sources: [{ configMap: { name: "a" } }] } }, "configmap a projected-volume"],
    [{ csi: { driver: "d", nodePublishSecretRef: { name: "a" } } }, "secret a volume-driver"],
    [{ azureFile: { secretName: "a" } }, "secret a volume-driver"],
    ...["cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"].map(
      (source) => [{ [source]: { secretRef: { name: "a" } } }, "secret a volume-driver"] as const,
    ),
  ];
  for (const [volume, expected] of volumes) {
    assert.deepEqual(references({ volumes: [{ name: "v", ...volume }] }), [expected]);
  }
});

test("A pod refers to its account and its pull secrets, and to nothing by an empty name", () => {
  const spec = { serviceAccountName: "builder", imagePullSecrets: [{ name: "registry" }, { name: "" }, {}] };
  assert.deepEqual(references(spec), ["serviceaccount builder account", "secret registry image-pull"]);
});

test("A reference that occurs twice is one", () => {
  assert.equal(references({ containers: [container, container] }).length, 4);
});

test("Whatever is stored has references or none, and never those of a prototype", () => {
  fc.assert(
    fc.property(fc.anything({ maxDepth: 6 }), (pod) => {
      assert.ok(Array.isArray(podReferences(pod)));
    }),
    { seed: 11, numRuns: 2000 },
  );
  const inherited: unknown = Object.create({ spec: { serviceAccountName: "x" } });
  assert.deepEqual(podReferences(inherited), []);
});
