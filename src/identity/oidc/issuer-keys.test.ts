import assert from "node:assert/strict";
import { test } from "node:test";
import { errors, exportJWK, generateKeyPair } from "jose";
import { IssuerKeys, keysAgeMsMax, rereadMsMin } from "./issuer-keys.ts";

const issuer = {
  url: "https://issuer.example",
  discoveryUrl: undefined,
  certificateAuthority: undefined,
  audiences: [],
};
const { publicKey } = await generateKeyPair("ES256");
const known = { ...(await exportJWK(publicKey)), kid: "known", alg: "ES256" };
const documents = new Map<string, object>([
  [`${issuer.url}/.well-known/openid-configuration`, { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }],
  [`${issuer.url}/keys`, { keys: [known] }],
]);

/** Keys of an issuer that the test can take away; counts how often its document is asked for. */
function keysOf() {
  const state = { nowMs: 1_000_000, asked: 0, isAway: false };
  const keys = new IssuerKeys({
    issuer,
    nowMs: () => state.nowMs,
    read: async (url) => {
      if (url.endsWith("configuration")) state.asked++;
      if (state.isAway) throw new Error("away");
      return documents.get(url);
    },
  });
  const find = async (kid: string) => keys.keyOf({ alg: "ES256", kid }, { payload: "", signature: "" });
  return { state, find };
}

test("While an issuer is away its tokens ask for its keys once in a while, not each", async () => {
  const { state, find } = keysOf();
  state.isAway = true;
  for (let times = 0; times < 5; times++) await assert.rejects(find("known"), { code: "unavailable" });
  assert.equal(state.asked, 1);
  state.nowMs += rereadMsMin;
  state.isAway = false;
  await find("known");
  assert.equal(state.asked, 2);
});

test("Unknown keys are looked for once in a while, also while the issuer is away; known ones count meanwhile", async () => {
  const { state, find } = keysOf();
  await find("known");
  state.nowMs += keysAgeMsMax + 1;
  state.isAway = true;
  for (let times = 0; times < 5; times++) {
    await assert.rejects(find("unknown"), errors.JWKSNoMatchingKey);
    await find("known");
  }
  assert.equal(state.asked, 2);
});
