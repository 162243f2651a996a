import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ClusterKeys } from "./cluster-keys.ts";

const keys = new ClusterKeys("/registry");

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
    assert.deepEqual([span.namespace, span.isToEnd], [namespace, isToEnd], `${key} to ${end}`);
  }
  const outside = keys.span("/registry/pods/", "/registry/pods0");
  assert.ok(outside.start >= outside.end);
});

const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,5}[a-z0-9])?$/);

test("What comes after ClusterKeys.after is what is not below the start of the span", () => {
  fc.assert(
    fc.property(name, name, fc.boolean(), (first, second, isAfter) => {
      const start = `/registry/secrets/ns/${first}${isAfter ? "\0" : ""}`;
      const after = keys.after(keys.span(start, "/registry/secrets/ns0"));
      const key = `/registry/secrets/ns/${second}`;
      assert.equal(after === undefined || key > after, key >= start);
    }),
  );
});
