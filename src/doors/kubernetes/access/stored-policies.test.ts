import assert from "node:assert/strict";
import { test } from "node:test";
import { policyAuthorizer } from "../../../access/policy/policy-authorizer.ts";
import { controllerBench, tree } from "../../../../test/support/controller-bench.ts";
import type { Kind } from "../kinds/kind.ts";
import { clusterSecretPolicyKind } from "../kinds/secret-policy.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { StoredPolicies } from "./stored-policies.ts";

const writer = { author: "test", door: "kubernetes" } as const;

function policyTree(name: string, condition: string) {
  return tree({
    metadata: { name, uid: name, creationTimestamp: "2026-01-02T03:04:05Z" },
    spec: { mode: "enforce", subjects: [{ kind: "User", name: "u" }], deny: [{ verbs: ["get"], condition }] },
  });
}

const allowing = { authorize: async () => ({ type: "allow", reason: "" }) as const };

function read(policies: StoredPolicies) {
  const user = { name: "u", groups: [], uid: undefined, extra: new Map() };
  const resource = { apiGroup: "", apiVersion: "v1", resource: "secrets", subresource: "", namespace: "n", name: "s" };
  return policyAuthorizer(policies, allowing).authorize({ user, verb: "get", resource, path: undefined });
}

async function openPolicies(storage: (kind: Kind) => KindStorage, errors: string[]) {
  const timers = { after: () => ({ cancel: () => {} }) };
  const now = () => new Date(0);
  return StoredPolicies.open({ storage, timers, now, onError: (error) => errors.push(String(error)) });
}

test("A stored policy whose condition does not compile denies, is told, and keeps nothing else from starting", async () => {
  const { storage } = await controllerBench();
  await storage(clusterSecretPolicyKind).create(policyTree("good", "false"), writer);
  await storage(clusterSecretPolicyKind).create(policyTree("old", "removed(user)"), writer);
  const errors: string[] = [];
  await using policies = await openPolicies(storage, errors);
  assert.match(errors.join(), /undeclared reference to 'removed'/);
  assert.match((await read(policies)).reason, /"old"/);
  const served = policies.observed(clusterSecretPolicyKind, storage(clusterSecretPolicyKind));
  const later = await served.create(policyTree("later", "gone(user)"), writer);
  assert.equal(errors.length, 2, "a later one is no reason to know nothing");
  await served.delete(later, writer);
  const old = await served.get("", "old");
  if (old !== undefined) await served.delete(old, writer);
  assert.equal((await read(policies)).type, "allow");
});

test("When the policies are no longer known the generation is another, and asking for it raises nothing", async () => {
  const { storage } = await controllerBench();
  const failures: (() => void)[] = [];
  const failing = (kind: Kind): KindStorage => ({
    ...storage(kind),
    watch(...place) {
      const watcher = storage(kind).watch(...place);
      const { promise, reject } = Promise.withResolvers<never>();
      failures.push(() => reject(new Error("history is gone")));
      return {
        next: () => Promise.race([watcher.next(), promise]),
        requestProgress: () => watcher.requestProgress(),
        close: () => watcher.close(),
        [Symbol.asyncDispose]: () => watcher[Symbol.asyncDispose](),
      };
    },
  });
  const errors: string[] = [];
  await using policies = await openPolicies(failing, errors);
  const authorizer = policyAuthorizer(policies, allowing);
  const before = authorizer.generation?.();
  for (const fail of failures) fail();
  while (errors.length < 2) await new Promise(setImmediate);
  assert.throws(() => policies.policies(), { code: "unavailable" });
  assert.notEqual(authorizer.generation?.(), before);
});
