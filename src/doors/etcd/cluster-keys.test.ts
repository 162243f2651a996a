import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ClusterKeys } from "./cluster-keys.ts";

const keys = new ClusterKeys({ prefix: "/registry", namespacePrefix: "" });
const edge = new ClusterKeys({ prefix: "/registry", namespacePrefix: "edge-" });

test("ClusterKeys.place knows secrets by their keys, and nothing else by keys that look like them", () => {
  const place = keys.place("/registry/secrets/default/db.credentials");
  assert.deepEqual(place, {
    type: "secret",
    key: "/registry/secrets/default/db.credentials",
    namespace: "default",
    name: "db.credentials",
  });
  for (const key of [
    "",
    "/registry/secrets",
    "/registry/secrets/",
    "/registry/secrets/default",
    "/registry/secrets/default/",
    "/registry/secrets//a",
    "/registry/secrets/default/a/b",
    "/registry/secrets/default/..",
    "/registry/secrets/De/a",
    "/registry/secrets/default/a\0",
    "/registry/configmaps/default/a",
    "/strongroom/payloads/x",
    "/registry/secrets/default/\u00e9",
  ]) {
    assert.equal(keys.place(key).type, "nothing", key);
  }
  assert.equal(keys.place("compact_rev_key").type, "record");
});

test("ClusterKeys.span is of one namespace where all its keys are, and reaches no further than secrets", () => {
  const rows: [key: string, end: string, namespace: string, isToEnd: boolean][] = [
    ["/registry/secrets/", "/registry/secrets0", "", true],
    ["/registry/secrets/a/", "/registry/secrets/a0", "a", true],
    ["/registry/secrets/a/x\0", "/registry/secrets/a0", "a", true],
    ["/registry/secrets/a/x", "/registry/secrets/a/y", "a", false],
    ["/registry/secrets/a/x", "/registry/secrets/b/x", "", false],
    ["/registry/secrets/a/", "/registry/secrets/a1", "", false],
    ["\0", "\0", "", true],
    ["/", "0", "", true],
  ];
  for (const [key, end, namespace, isToEnd] of rows) {
    const span = keys.span(key, end);
    assert.deepEqual([span.namespace, span.before === undefined], [namespace, isToEnd], `${key} to ${end}`);
  }
  assert.ok(keys.span("/registry/pods/", "/registry/pods0").isEmpty);
});

const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,5}[a-z0-9])?$/);
const namespace = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,3}[a-z0-9])?$/);
const place = fc.record({ namespace, name, isAfter: fc.boolean() });

test("ClusterKeys.contains is of those of the cluster whose keys are in the span, and of no others", () => {
  fc.assert(
    fc.property(fc.constantFrom(keys, edge), place, place, place, (of, from, to, other) => {
      const ours = of === edge ? "edge-" : "";
      const keyAt = ({ namespace: within, name: named, isAfter }: typeof from) =>
        `/registry/secrets/${within}/${named}${isAfter ? "\0" : ""}`;
      const [start, end] = [keyAt(from), keyAt(to)];
      const span = of.span(start, end);
      const key = `/registry/secrets/${other.namespace}/${other.name}`;
      const secret = { namespace: `${ours}${other.namespace}`, name: other.name };
      assert.equal(of.keyOf(secret), key);
      // Of what is not in the namespace of the span, nobody asks.
      if (span.namespace === "" || span.namespace === secret.namespace) {
        assert.equal(of.contains(span, secret), key >= start && key < end);
      }
      const isForeign = !`${other.namespace}`.startsWith("edge-");
      const all = edge.span("/registry/secrets/", "/registry/secrets0");
      assert.equal(edge.contains(all, other), !isForeign);
    }),
  );
});

test("ClusterKeys.place has namespaces behind what they begin with here, as far as that is a name", () => {
  const found = edge.place("/registry/secrets/team/db");
  assert.deepEqual(found, { type: "secret", key: "/registry/secrets/team/db", namespace: "edge-team", name: "db" });
  assert.equal(edge.place(`/registry/secrets/${"a".repeat(58)}/db`).type, "secret");
  const long = edge.place(`/registry/secrets/${"a".repeat(59)}/db`);
  assert.match(long.type === "nothing" ? (long.because ?? "") : "", /must have at most 58 characters/);
});
