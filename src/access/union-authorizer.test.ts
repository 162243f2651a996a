import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attributes, Authorizer, Decision } from "./authorizer.ts";
import { unionAuthorizer } from "./union-authorizer.ts";

const attributes: Attributes = {
  user: { name: "u", groups: [], uid: undefined, extra: new Map() },
  verb: "get",
  resource: undefined,
  path: "/x",
};
const says = (type: Decision["type"], reason: string): Authorizer => ({ authorize: async () => ({ type, reason }) });
const fails: Authorizer = { authorize: () => Promise.reject(new Error("broken")) };
const decide = (...authorizers: Authorizer[]) => unionAuthorizer(authorizers).authorize(attributes);

test("The first authorizer with an opinion decides", async () => {
  assert.deepEqual(await decide(says("no-opinion", "a"), says("allow", "b"), says("deny", "c")), {
    type: "allow",
    reason: "b",
  });
  assert.deepEqual(await decide(says("deny", "c"), says("allow", "b")), { type: "deny", reason: "c" });
});

test("Without any opinion there is none, for the reasons of all", async () => {
  assert.deepEqual(await decide(), { type: "no-opinion", reason: "" });
  assert.deepEqual(await decide(says("no-opinion", "a"), says("no-opinion", ""), says("no-opinion", "b")), {
    type: "no-opinion",
    reason: "a\nb",
  });
});

test("What cannot be decided is not allowed by who comes after", async () => {
  await assert.rejects(decide(fails, says("allow", "b")), /broken/);
  assert.equal((await decide(says("allow", "b"), fails)).type, "allow");
});
