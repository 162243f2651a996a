import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerBench, deleteOptions, tree } from "../../../../test/support/controller-bench.ts";
import { namespaceKind } from "../kinds/namespace.ts";
import { secretKind } from "../kinds/secret.ts";
import { emptyNamespace } from "./namespace-termination.ts";

test("A namespace that something holds is on record when what is left changes, not at each look", async () => {
  const { kinds, storage, client, audit } = await controllerBench();
  const author = client("author");
  await author.create(namespaceKind, "", tree({ metadata: { name: "team" } }));
  for (const name of ["held", "held-too"]) {
    await author.create(secretKind, "team", tree({ metadata: { name, finalizers: [`example.com/${name}`] } }));
  }
  await author.delete(namespaceKind, { namespace: "", name: "team" }, deleteOptions(undefined));
  const namespaced = kinds.filter((kind) => kind.namespaced);
  const now = () => new Date("2026-01-02T03:04:05Z");
  const options = { kinds: namespaced, storage, client: client("emptier"), now, onError: assert.fail };
  const look = () => emptyNamespace(options, "team", new AbortController().signal);
  const reports = () =>
    audit.events.filter(({ objectRef, stage }) => objectRef?.subresource === "status" && stage === "ResponseComplete")
      .length;

  for (let looks = 0; looks < 3; looks++) assert.equal(await look(), false);
  assert.equal(reports(), 1);
  await author.change(secretKind, { namespace: "team", name: "held" }, (previous) => {
    const next = previous.tree();
    next["metadata"] = tree({ ...(next["metadata"] as object), finalizers: [] }); // an object's metadata is an object
    return next;
  });
  assert.equal(await look(), false);
  assert.equal(reports(), 2);
});
