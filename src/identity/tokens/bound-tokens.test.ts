import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";

import { byEcdsa, byHmac, byRsa, forgedToken, partsOf, unsigned } from "../../../test/support/jwt.ts";
import { BoundTokens } from "./bound-tokens.ts";
import { boundTokenClaims } from "./service-account-claims.ts";
import type { BoundTokenContent } from "./service-account-claims.ts";
import { signToken, tokenBytesMax } from "./signed-token.ts";
import type { TokenObjectFact } from "./token-facts.ts";
import { generateTokenKey } from "./token-key.ts";

const key = await generateTokenKey("RS256", 0);
const older = await generateTokenKey("ES256", 0);
const others = await generateTokenKey("RS256", 0);
const issuer = "https://issuer";
const nowMs = Date.parse("2026-01-01T12:00:00Z");
const nowSeconds = nowMs / 1000;

const content: BoundTokenContent = {
  issuer,
  namespace: "default",
  account: { name: "ann", uid: "a1" },
  audiences: ["api"],
  issuedAtSeconds: nowSeconds,
  expiresAtSeconds: nowSeconds + 600,
  id: "t1",
};

/** The objects there are, by kind and name. */
function tokens(objects: Record<string, TokenObjectFact> = {}): BoundTokens {
  const all: Record<string, TokenObjectFact> = {
    "serviceaccount ann": { uid: "a1", deletedAtMs: undefined },
    ...objects,
  };
  return new BoundTokens({
    issuers: [issuer, "https://former"],
    keysFor: (kid) => [older, key].filter((each) => kid === undefined || each.kid === kid),
    facts: {
      account: async (_namespace, name) => {
        const fact = all[`serviceaccount ${name}`];
        return fact === undefined ? undefined : { ...fact, secrets: [] };
      },
      secret: async () => undefined,
      object: async ({ kind, name }) => all[`${kind} ${name}`],
    },
    nowMs: () => nowMs,
  });
}

const signed = (fields: Partial<BoundTokenContent> = {}, by = key) =>
  signToken(boundTokenClaims({ ...content, ...fields }), by);
const refused = (token: string, text: RegExp, of = tokens()) =>
  assert.rejects(of.authenticate(token, ["api"]), (error: Error & { code?: string }) => {
    assert.equal(error.code, "unauthenticated");
    assert.match(error.message, text);
    assert.ok(!error.message.includes(token), "the token is not in the error");
    return true;
  });

test("A token of each key and each issuer counts, with or without the id of its key", async () => {
  for (const token of [
    await signed(),
    await signed({}, older),
    await signed({ issuer: "https://former" }),
    forgedToken({ alg: "RS256" }, boundTokenClaims(content), byRsa(key.privateKey)),
    forgedToken({ alg: "ES256" }, boundTokenClaims(content), byEcdsa(older.privateKey)),
  ]) {
    const verified = await tokens().authenticate(token, ["other", "api"]);
    assert.equal(verified?.user.name, "system:serviceaccount:default:ann");
    assert.deepEqual(verified.audiences, ["api"]);
    assert.equal(verified.endsAtMs, nowMs + 660_000);
  }
});

test("A token of another issuer is somebody else's, one without a form is nobody's", async () => {
  for (const token of [
    await signed({ issuer: "https://other" }),
    "",
    "a.b",
    "a.b.c.d",
    "..",
    `${Buffer.from("{}").toString("base64url")}.%%%.`,
    "x".repeat(tokenBytesMax + 1),
    `${await signed()}${"A".repeat(tokenBytesMax)}`,
  ]) {
    assert.equal(await tokens().authenticate(token, ["api"]), undefined);
  }
});

test("Nothing but a signature of one of the keys, by the algorithm of that key, counts", async () => {
  const claims = boundTokenClaims(content);
  const { kid } = key;
  const publicPem = key.publicKey.export({ type: "spki", format: "pem" }).toString();
  const publicDer = key.publicKey.export({ type: "spki", format: "der" });
  const own = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ownJwk = createPublicKey(own.privateKey).export({ format: "jwk" });
  const whole = await signed();
  const [header = "", payload = "", signature = ""] = whole.split(".");
  const otherPayload = Buffer.from(JSON.stringify({ ...claims, sub: "system:serviceaccount:kube-system:x" }));
  for (const [name, token] of Object.entries({
    "alg none": forgedToken({ alg: "none", kid }, claims, unsigned),
    "alg None": forgedToken({ alg: "None", kid }, claims, unsigned),
    "alg none, signed": forgedToken({ alg: "none", kid }, claims, byRsa(key.privateKey)),
    "no alg": forgedToken({ kid }, claims, byRsa(key.privateKey)),
    "a list of algs": forgedToken({ alg: ["RS256"], kid }, claims, byRsa(key.privateKey)),
    "the public key as secret, PEM": forgedToken({ alg: "HS256", kid }, claims, byHmac(publicPem)),
    "the public key as secret, DER": forgedToken({ alg: "HS256", kid }, claims, byHmac(publicDer)),
    "the algorithm of another key": forgedToken({ alg: "ES256", kid }, claims, byEcdsa(older.privateKey)),
    "another hash": forgedToken({ alg: "RS512", kid }, claims, byRsa(key.privateKey)),
    "another padding": forgedToken({ alg: "PS256", kid }, claims, byRsa(key.privateKey)),
    "another key": await signed({}, others),
    "another key under the id of ours": forgedToken({ alg: "RS256", kid }, claims, byRsa(others.privateKey)),
    "a key in the header": forgedToken({ alg: "RS256", jwk: ownJwk }, claims, byRsa(own.privateKey)),
    "a key by URL": forgedToken({ alg: "RS256", jku: "https://evil/jwks" }, claims, byRsa(own.privateKey)),
    "an id that is a path": forgedToken({ alg: "HS256", kid: "../../dev/null" }, claims, byHmac("")),
    "an id that is a query": forgedToken({ alg: "RS256", kid: "' OR 1=1 --" }, claims, byRsa(own.privateKey)),
    "an id of a prototype": forgedToken({ alg: "RS256", kid: "__proto__" }, claims, byRsa(own.privateKey)),
    "an unknown critical header": forgedToken({ alg: "RS256", kid, crit: ["x"], x: 1 }, claims, byRsa(key.privateKey)),
    "an unencoded payload": forgedToken(
      { alg: "RS256", kid, b64: false, crit: ["b64"] },
      claims,
      byRsa(key.privateKey),
    ),
    "no signature": `${header}.${payload}.`,
    "another payload": `${header}.${otherPayload.toString("base64url")}.${signature}`,
    "half a signature": `${header}.${payload}.${signature.slice(0, 100)}`,
    "an ECDSA signature of zeros": forgedToken({ alg: "ES256", kid: older.kid }, claims, () => Buffer.alloc(64)),
  })) {
    await assert.doesNotReject(refused(token, /^invalid signature/), name);
  }
});

test("A token counts from a minute before its time to a minute after it", async () => {
  const at = (fields: Partial<BoundTokenContent>) => signed(fields);
  const inTime = [{ expiresAtSeconds: nowSeconds - 60 }, { issuedAtSeconds: nowSeconds + 60 }];
  for (const fields of inTime) assert.notEqual(await tokens().authenticate(await at(fields), ["api"]), undefined);
  await refused(await at({ expiresAtSeconds: nowSeconds - 61 }), /^service account token has expired$/);
  await refused(await at({ issuedAtSeconds: nowSeconds + 61 }), /^service account token is not valid yet$/);
  const { nbf: _nbf, ...future } = boundTokenClaims({ ...content, issuedAtSeconds: nowSeconds + 61 });
  await refused(await signToken(future, key), /^service account token is issued in the future$/);
  const { exp: _exp, ...endless } = boundTokenClaims(content);
  await refused(await signToken(endless, key), /expired/);
  await refused(await signToken({ ...endless, exp: "9999999999" }, key), /expired/);
});

test("A token for others does not count", async () => {
  const text = /^token audiences \["vault"\] is invalid for the target audiences \["api"\]$/;
  await refused(await signed({ audiences: ["vault"] }), text);
  await refused(await signed({ audiences: [] }), /is invalid for the target audiences/);
});

test("A token ends with its account, and another of that name is another", async () => {
  const other = tokens({ "serviceaccount ann": { uid: "a2", deletedAtMs: undefined } });
  await refused(await signed(), /^service account UID \(a2\) does not match claim \(a1\)$/, other);
  await refused(await signed({ account: { name: "bob", uid: "b" } }), /not found$/);
  const going = (deletedAtMs: number) => tokens({ "serviceaccount ann": { uid: "a1", deletedAtMs } });
  const verified = await going(nowMs - 60_000).authenticate(await signed(), ["api"]);
  assert.equal(verified?.endsAtMs, nowMs);
  await refused(await signed(), /^service account default\/ann has been deleted$/, going(nowMs - 60_001));
});

test("A token ends with what it is bound to, a minute after the deletion of what something still holds", async () => {
  for (const kind of ["pod", "secret", "node"] as const) {
    const token = await signed({ [kind]: { name: "it", uid: "u1" } });
    const be = (uid: string, deletedAtMs?: number) => tokens({ [`${kind} it`]: { uid, deletedAtMs } });
    await refused(token, /^service account token has been invalidated$/);
    await refused(
      token,
      new RegExp(`^${kind} UID \\(u2\\) does not match service account ${kind} ref claim`),
      be("u2"),
    );
    await refused(token, /^service account token has been invalidated$/, be("u1", nowMs - 60_001));
    const verified = await be("u1", nowMs - 1000).authenticate(token, ["api"]);
    assert.equal(verified?.endsAtMs, nowMs + 59_000);
  }
});

test("The node of a pod is only told of, and need not be there", async () => {
  const token = await signed({ pod: { name: "web", uid: "p1" }, node: { name: "n1", uid: "" } });
  const verified = await tokens({ "pod web": { uid: "p1", deletedAtMs: undefined } }).authenticate(token, ["api"]);
  assert.deepEqual(
    [...(verified?.user.extra ?? [])],
    [
      ["authentication.kubernetes.io/pod-name", ["web"]],
      ["authentication.kubernetes.io/pod-uid", ["p1"]],
      ["authentication.kubernetes.io/credential-id", ["JTI=t1"]],
      ["authentication.kubernetes.io/node-name", ["n1"]],
    ],
  );
});

test("The use of a token after the time that was asked for goes on record", async () => {
  const verified = await tokens().authenticate(await signed({ warnAfterSeconds: nowSeconds - 5 }), ["api"]);
  const text = "subject: system:serviceaccount:default:ann, seconds after warning threshold: 5";
  assert.deepEqual(verified?.annotations, [["authentication.k8s.io/stale-token", text]]);
  assert.deepEqual(partsOf(await signed()).header, { alg: "RS256", kid: key.kid });
});
