import assert from "node:assert/strict";
import { test } from "node:test";

import { CredentialCache, rememberedMax, verifiedMs } from "./credential-cache.ts";
import { refused } from "./signed-token.ts";
import type { VerifiedToken } from "./token-authenticator.ts";

/** A cache over an authenticator whose answers the test sets; counts how often that is asked. */
function cacheOf(answer: () => Promise<VerifiedToken | undefined>) {
  const state = { nowMs: 1_000_000, asked: 0, answer };
  const cache = new CredentialCache({
    authenticator: {
      authenticate: async () => {
        state.asked++;
        return state.answer();
      },
    },
    audiences: ["api"],
    nowMs: () => state.nowMs,
  });
  return { cache, state };
}

const pod = { kind: "pod", namespace: "default", name: "web" } as const;
const verified = (fields: Partial<VerifiedToken> = {}): VerifiedToken => ({
  user: { name: "ann", uid: undefined, groups: [], extra: new Map() },
  audiences: ["api"],
  dependsOn: [pod],
  endsAtMs: undefined,
  annotations: [],
  warnings: [],
  ...fields,
});
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("CredentialCache verifies a token once in ten seconds, and never takes it beyond its end", async () => {
  const { cache, state } = cacheOf(async () => verified({ endsAtMs: 1_005_000 }));
  await cache.authenticate("t");
  await cache.authenticate("t");
  assert.equal(state.asked, 1);
  state.nowMs = 1_005_001;
  await cache.authenticate("t");
  assert.equal(state.asked, 2);
  const endless = cacheOf(async () => verified());
  await endless.cache.authenticate("t");
  endless.state.nowMs += verifiedMs;
  await endless.cache.authenticate("t");
  assert.equal(endless.state.asked, 2);
  endless.state.nowMs -= 1;
  await endless.cache.authenticate("t");
  assert.equal(endless.state.asked, 3, "a clock that went back proves nothing");
});

test("CredentialCache forgets at once what depends on a change, and tells who still uses it", async () => {
  const { cache, state } = cacheOf(async () => verified());
  const found = await cache.authenticate("t");
  cache.changed({ ...pod, name: "other" });
  await cache.authenticate("t");
  assert.equal(state.asked, 1);
  state.answer = async () => {
    throw refused("gone");
  };
  cache.changed(pod);
  await assert.rejects(cache.authenticate("t"), /gone/);
  await turn();
  assert.equal(found?.user.revoked?.(), true);
});

test("CredentialCache goes on with what still counts after a change, to its new end", async () => {
  const { cache, state } = cacheOf(async () => verified());
  const found = await cache.authenticate("t");
  state.answer = async () => verified({ endsAtMs: 1_001_000 });
  cache.changed(pod);
  await turn();
  assert.equal(found?.user.revoked?.(), false);
  state.nowMs = 1_001_001;
  assert.equal(found.user.revoked?.(), true);
});

test("CredentialCache takes a token back from who it was for when it is for somebody else, or in other groups", async () => {
  const { cache, state } = cacheOf(async () => verified());
  const found = await cache.authenticate("t");
  state.answer = async () => verified({ user: { ...verified().user, groups: ["fewer"] } });
  cache.changed(pod);
  await turn();
  assert.equal(found?.user.revoked?.(), true);
});

test("CredentialCache does not remember what changed while it was verified", async () => {
  let answer: (verified: VerifiedToken) => void = () => {};
  const { cache, state } = cacheOf(() => new Promise((resolve) => (answer = resolve)));
  const pending = cache.authenticate("t");
  cache.changed(pod);
  answer(verified());
  state.answer = async () => undefined;
  const found = await pending;
  await turn();
  assert.equal(found?.user.revoked?.(), true, "it was looked at again");
  assert.equal(await cache.authenticate("t"), undefined);
});

test("CredentialCache takes nothing for granted that cannot be looked at, and remembers no refusal", async () => {
  const { cache, state } = cacheOf(async () => verified());
  const found = await cache.authenticate("t");
  state.answer = async () => {
    throw new Error("the store is away");
  };
  cache.allChanged();
  await turn();
  assert.equal(found?.user.revoked?.(), true);
  await assert.rejects(cache.authenticate("t"), /the store is away/);
  state.answer = async () => verified();
  assert.notEqual(await cache.authenticate("t"), undefined);
});

test("CredentialCache remembers so many tokens and no more; the oldest go", async () => {
  const { cache, state } = cacheOf(async () => verified());
  for (let index = 0; index <= rememberedMax; index++) await cache.authenticate(`t${index}`);
  await cache.authenticate(`t${rememberedMax}`);
  assert.equal(state.asked, rememberedMax + 1);
  await cache.authenticate("t0");
  assert.equal(state.asked, rememberedMax + 2);
});
