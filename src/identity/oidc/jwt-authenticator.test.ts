import assert from "node:assert/strict";
import { test } from "node:test";
import { CompactSign, createLocalJWKSet, exportJWK, generateKeyPair } from "jose";
import type { User } from "../user.ts";
import { jwtAuthenticator } from "./jwt-authenticator.ts";

const url = "https://issuer.example";
const nowMs = 1_700_000_000_000;
const pairs = await Promise.all(Array.from({ length: 3 }, () => generateKeyPair("ES256")));

async function authenticatorWith(known: number) {
  const keys = await Promise.all(pairs.slice(0, known).map(({ publicKey }) => exportJWK(publicKey)));
  const keySet = createLocalJWKSet({ keys: keys.map((key, index) => ({ ...key, kid: `key-${index}`, alg: "ES256" })) });
  const rules = {
    userOf: ({ sub }: { readonly sub?: unknown }): User => {
      return { name: String(sub), uid: undefined, groups: [], extra: new Map() };
    },
  };
  const issuer = { url, discoveryUrl: undefined, certificateAuthority: undefined, audiences: ["us"] };
  return jwtAuthenticator({
    configuration: { issuer, rules },
    keyOf: keySet,
    ownAudiences: ["api"],
    nowMs: () => nowMs,
  });
}

async function signed(by: number, kid: string | undefined): Promise<string> {
  const claims = { iss: url, aud: "us", sub: "ann", exp: nowMs / 1000 + 60 };
  const pair = pairs[by];
  assert.ok(pair !== undefined);
  const header = { alg: "ES256", ...(kid !== undefined && { kid }) };
  return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(header).sign(pair.privateKey);
}

test("A token that names no key is tried with each that fits", async () => {
  const two = await authenticatorWith(2);
  for (const by of [0, 1]) {
    const verified = await two.authenticate(await signed(by, undefined), ["api"]);
    assert.equal(verified?.user.name, "ann");
  }
  await assert.rejects(two.authenticate(await signed(2, undefined), ["api"]), /failed to verify signature/);
});

test("A token that names a key counts by that one only", async () => {
  const two = await authenticatorWith(2);
  assert.equal((await two.authenticate(await signed(1, "key-1"), ["api"]))?.user.name, "ann");
  await assert.rejects(two.authenticate(await signed(1, "key-0"), ["api"]), /failed to verify signature/);
  await assert.rejects(two.authenticate(await signed(1, "other"), ["api"]), /failed to verify signature/);
});
