/** Texts in YAML are to sight what they are to a Kubernetes API server: held against the door's reader, which is held against upstream's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as assertProperty, constantFrom, property } from "fast-check";
import { parseYaml } from "../../src/doors/kubernetes/codec/yaml.ts";
import { DecodeError } from "../../src/doors/kubernetes/codec/decode-error.ts";
import { SecretMaterial } from "../../src/sight/facts/secret-material.ts";
import { readManifestDocuments } from "../../src/sight/sources/manifest-documents.ts";
import { graphOf, readersOf } from "./fixture-cluster.ts";

function readBySight(word: string): string | undefined {
  const { objects, problems } = readManifestDocuments("f", `v: ${word}\n`, SecretMaterial.ofThisProcess());
  return problems.length > 0 ? undefined : JSON.stringify(objects[0]?.value);
}

function readByDoor(word: string): string | undefined {
  try {
    return JSON.stringify(parseYaml(Buffer.from(`v: ${word}\n`)).value);
  } catch (error) {
    assert.ok(error instanceof DecodeError);
    return undefined;
  }
}

test("A word is a text, a number or a truth value as it is for Kubernetes", () => {
  for (const word of [
    "e1",
    "E20",
    "-e5",
    ".",
    "-.",
    "1e3",
    ".5",
    "1.",
    "0x1f",
    "017",
    "1_0",
    "1:30",
    "y",
    "Off",
    "~",
    "2026-01-02",
  ]) {
    assert.equal(readBySight(word), readByDoor(word), word);
  }
  const characters = constantFrom(..."0123456789eE.+-_xob:ynaf~");
  assertProperty(
    property(array(characters, { minLength: 1, maxLength: 6 }), (parts) => {
      const word = parts.join("");
      const expected = readByDoor(word);
      if (expected !== undefined) assert.equal(readBySight(word), expected, word);
    }),
    { numRuns: 5000 },
  );
});

test("Names that look like numbers to other readers of YAML are names, in rules and subjects too", () => {
  const graph = graphOf(`
apiVersion: v1
kind: Secret
metadata: {name: e1, namespace: a}
---
apiVersion: v1
kind: Secret
metadata: {name: other, namespace: a}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: e2, namespace: a}
rules: [{verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: [e1]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: e3, namespace: a}
roleRef: {kind: Role, name: e2}
subjects: [{kind: User, name: e4}]
`);
  assert.deepEqual(graph.coverage.problems, []);
  assert.equal(readersOf(graph, { namespace: "a", name: "e1" }).get("User e4"), "get-secret");
  assert.equal(readersOf(graph, { namespace: "a", name: "other" }).get("User e4"), undefined);
});
