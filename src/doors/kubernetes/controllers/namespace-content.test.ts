import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerBench, tree } from "../../../../test/support/controller-bench.ts";
import type { ControllerBench } from "../../../../test/support/controller-bench.ts";
import { configMapKind } from "../kinds/config-map.ts";
import type { Kind } from "../kinds/kind.ts";
import { namespaceKind } from "../kinds/namespace.ts";
import { podKind } from "../kinds/pod.ts";
import { secretKind } from "../kinds/secret.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { namespaceConditions } from "./namespace-conditions.ts";
import { deleteContent } from "./namespace-content.ts";

const pod = { spec: { containers: [{ name: "c", image: "i" }] } };

async function benchWithNamespace(): Promise<ControllerBench> {
  const bench = await controllerBench();
  await bench.client("author").create(namespaceKind, "", tree({ metadata: { name: "team" } }));
  return bench;
}

function add(bench: ControllerBench, kind: Kind, metadata: object, fields: object = {}) {
  return bench.client("author").create(kind, "team", tree({ metadata: { namespace: "team", ...metadata }, ...fields }));
}

function empty({ kinds, storage, client }: ControllerBench) {
  const namespaced = kinds.filter((kind) => kind.namespaced);
  const options = { kinds: namespaced, storage, client: client("emptier") };
  return deleteContent(options, "team", new AbortController().signal);
}

const count = async (bench: ControllerBench, kind: Kind) =>
  (await bench.storage(kind).list({ namespace: "team", limit: 100 })).objects.length;

test("Pods go first: while one is left, nothing else is touched", async () => {
  const bench = await benchWithNamespace();
  await add(bench, podKind, { name: "held", finalizers: ["example.com/hold"] }, pod);
  await add(bench, podKind, { name: "quick" }, pod);
  await add(bench, secretKind, { name: "used" });
  const first = await empty(bench);
  assert.deepEqual([...first.resources], [["pods.", 1]]);
  assert.deepEqual([...first.finalizers], [["example.com/hold", 1]]);
  assert.equal(await count(bench, secretKind), 1);
  const place = { namespace: "team", name: "held" };
  await bench.client("author").change(podKind, place, (previous) => {
    const next = previous.tree();
    delete ownMetadata(next)["finalizers"];
    return next;
  });
  const second = await empty(bench);
  assert.deepEqual([...second.resources], []);
  assert.equal(await count(bench, secretKind), 0);
});

test("Every namespaced kind is emptied, what waits for finalizers is counted by resource and finalizer", async () => {
  const bench = await benchWithNamespace();
  for (const name of ["a", "b", "c"]) await add(bench, secretKind, { name });
  await add(bench, secretKind, { name: "held", finalizers: ["example.com/x", "example.com/y"] });
  await add(bench, configMapKind, { name: "held", finalizers: ["example.com/x"] });
  await add(bench, configMapKind, { name: "orphans", finalizers: ["orphan"] });
  for (const round of [1, 2]) {
    const { resources, finalizers, failures } = await empty(bench);
    const counts = [...resources].toSorted(([a], [b]) => a.localeCompare(b));
    assert.deepEqual(
      counts,
      [
        ["configmaps.", 1],
        ["secrets.", 1],
      ],
      `round ${round}`,
    );
    assert.deepEqual(
      [...finalizers].toSorted(([a], [b]) => a.localeCompare(b)),
      [
        ["example.com/x", 2],
        ["example.com/y", 1],
      ],
    );
    assert.deepEqual(failures, []);
  }
});

test("The time of a condition changes with its status only, and conditions of others stay", () => {
  const empties = { resources: new Map<string, number>(), finalizers: new Map<string, number>(), failures: [] };
  const foreign = tree({ type: "Mine", status: "True" });
  const first = namespaceConditions([foreign], { ...empties, resources: new Map([["pods.", 2]]) }, "1");
  assert.equal(first.length, 6);
  const second = namespaceConditions(first, { ...empties, resources: new Map([["secrets.", 1]]) }, "2");
  const third = namespaceConditions(second, { ...empties, failures: ["b", "a"] }, "3");
  const of = (conditions: readonly unknown[], type: string) =>
    (conditions as Record<string, string>[]).find((one) => one["type"] === type);
  assert.deepEqual(of(third, "Mine"), foreign);
  assert.equal(of(second, "NamespaceContentRemaining")?.["lastTransitionTime"], "1");
  assert.match(of(second, "NamespaceContentRemaining")?.["message"] ?? "", /secrets\. has 1 resource instances$/);
  assert.equal(of(third, "NamespaceContentRemaining")?.["lastTransitionTime"], "3");
  assert.equal(
    of(third, "NamespaceDeletionContentFailure")?.["message"],
    "Failed to delete all resource types, 2 remaining: a, b",
  );
  assert.equal(of(third, "NamespaceDeletionDiscoveryFailure")?.["lastTransitionTime"], "1");
});

test("Conditions of a namespace stay small, however many finalizers and failures there are", () => {
  const names = Array.from({ length: 50_000 }, (_, index) => `example.com/${index}`);
  const finalizers = new Map(names.map((name) => [name, 1]));
  const remaining = { resources: new Map([["secrets.", 1]]), finalizers, failures: names };
  const text = JSON.stringify(namespaceConditions([], remaining, "2026-01-02T03:04:05Z"));
  assert.ok(text.length < 20_000, `${text.length} characters`);
  assert.equal(text.split("and 49900 more").length - 1, 2);
});
