import assert from "node:assert/strict";
import { test } from "node:test";

import { isStrongroomError, StrongroomError } from "../errors/strongroom-error.ts";
import type { ErrorCode } from "../errors/strongroom-error.ts";
import { TransformerChain } from "./transformer-chain.ts";
import type { PrefixedTransformer } from "./transformer-chain.ts";
import type { Opened, TransformContext } from "./transformer.ts";

const context: TransformContext = { key: "/registry/secrets/default/db", revision: undefined };

/** Writes `prefix`, its own name and the value; opens only what carries its name. */
function named(
  prefix: string,
  name: string,
  when: "now" | "later" = "now",
  failure: ErrorCode = "corrupt",
): PrefixedTransformer {
  const start = Buffer.from(`${prefix}${name}|`);
  const openNow = (stored: Uint8Array): Opened => {
    const bytes = Buffer.from(stored);
    if (!bytes.subarray(0, start.length).equals(start)) throw new StrongroomError(failure, `${name} failed`);
    return { plaintext: bytes.subarray(start.length), stale: false };
  };
  return {
    prefix: Buffer.from(prefix),
    toStorage: (plaintext) => Buffer.concat([start, plaintext]),
    fromStorage: (stored) => (when === "now" ? openNow(stored) : Promise.resolve().then(() => openNow(stored))),
  };
}

async function open(chain: TransformerChain, stored: string): Promise<string> {
  const { plaintext, stale } = await chain.fromStorage(Buffer.from(stored), context);
  return `${Buffer.from(plaintext).toString()}${stale ? " (stale)" : ""}`;
}

test("TransformerChain writes with the first and reads with any, saying stale for all but the first", async () => {
  const chain = new TransformerChain(named("new:", "a"), named("old:", "b"), named("old:", "c", "later"));
  assert.equal(Buffer.from(chain.toStorage(Buffer.from("v"), context)).toString(), "new:a|v");
  assert.equal(await open(chain, "new:a|v"), "v");
  assert.equal(await open(chain, "old:b|v"), "v (stale)");
  assert.equal(await open(chain, "old:c|v"), "v (stale)");
});

test("TransformerChain goes on to the next of the same prefix after a failure, at once or later", async () => {
  const chain = new TransformerChain(
    named("p:", "a", "later"),
    named("p:", "b"),
    named("p:", "c", "later"),
    named("p:", "d"),
  );
  for (const name of ["b", "c", "d"]) assert.equal(await open(chain, `p:${name}|v`), "v (stale)");
});

test("TransformerChain answers at once when no transformer needs a promise", () => {
  const chain = new TransformerChain(named("p:", "a"), named("p:", "b"));
  assert.ok(!(chain.fromStorage(Buffer.from("p:b|v"), context) instanceof Promise));
});

test("TransformerChain lets the empty prefix try everything", async () => {
  const chain = new TransformerChain(named("", "identity"), named("enc:", "a"));
  assert.equal(await open(chain, "enc:a|v"), "v (stale)");
  assert.equal(await open(chain, "identity|v"), "v");
});

test("TransformerChain raises one corrupt text for every failure and keeps the reasons in the cause", async () => {
  const chain = new TransformerChain(named("p:", "a"), named("p:", "b", "later"));
  for (const [stored, reasons] of [
    ["p:x|v", 2],
    ["q:a|v", 0],
    ["", 0],
  ] as const) {
    await assert.rejects(
      async () => await open(chain, stored),
      (error) => {
        assert.ok(isStrongroomError(error, "corrupt"));
        assert.equal(error.message, "stored bytes must be authentic for their key and revision");
        assert.ok(error.cause instanceof AggregateError);
        assert.equal(error.cause.errors.length, reasons);
        return true;
      },
    );
  }
});

test("TransformerChain raises sealed or unavailable rather than corrupt when a key could not be asked", async () => {
  for (const code of ["sealed", "unavailable"] as const) {
    const chain = new TransformerChain(named("p:", "a"), named("p:", "b", "later", code), named("p:", "c"));
    await assert.rejects(
      async () => await open(chain, "p:x|v"),
      (error) => isStrongroomError(error, code),
    );
    assert.equal(await open(chain, "p:c|v"), "v (stale)");
  }
});
