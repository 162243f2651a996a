import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";

import { Redacted } from "./redacted.ts";

const canary = "canary-5f1c";

test("Redacted gives its value to reveal and to nothing else", () => {
  const secret = new Redacted(canary);
  assert.equal(secret.reveal(), canary);
  assert.deepEqual(Object.getOwnPropertyNames(secret), []);
  assert.deepEqual({ ...secret }, {});
});

test("Redacted prints masked in every form", () => {
  const secret = new Redacted(canary);
  const nested = { deep: [{ secret }], map: new Map([["k", secret]]) };
  const forms = [
    `${secret}`,
    String(secret),
    "" + secret.toString(),
    JSON.stringify(nested),
    inspect(nested, { depth: 10, showHidden: true, getters: true }),
    inspect(secret, { customInspect: false, showHidden: true }),
    format("%s %o %O %j", secret, secret, secret, secret),
    new Error("failed", { cause: secret }).stack ?? "",
    inspect(new Error("failed", { cause: secret })),
  ];
  for (const form of forms) assert.ok(!form.includes(canary), form);
  assert.equal(`${secret}`, "[redacted]");
  assert.equal(JSON.stringify({ secret }), '{"secret":"[redacted]"}');
});
