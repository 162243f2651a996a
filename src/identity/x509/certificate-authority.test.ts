import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";

import * as fc from "fast-check";

import { Redacted } from "../../crypto/redacted.ts";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { CertificateAuthority, isDueForRenewal, serverNames, validityOf } from "./certificate-authority.ts";
import { certifiedUserOf } from "./client-certificate-user.ts";
import type { KeyPair } from "./key-pair.ts";

const nowMs = Date.UTC(2026, 0, 15, 12, 0, 0);
const dayMs = 86_400_000;
const pair = await CertificateAuthority.generate(nowMs);
const authority = await CertificateAuthority.load(pair);

function certificateOf({ certPem }: KeyPair): X509Certificate {
  return new X509Certificate(certPem);
}

test("CertificateAuthority makes itself a P-256 certificate for ten years that may sign but no further authority", () => {
  const certificate = certificateOf(pair);
  assert.equal(certificate.ca, true);
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert.deepEqual(validityOf(certificate), { notBeforeMs: nowMs - 300_000, notAfterMs: nowMs + 3650 * dayMs });
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(pair.keyPem.reveal())));
  assert.equal(authority.certPem, pair.certPem);
});

test("CertificateAuthority shows nothing of its key", () => {
  const shown = inspect([authority, pair], { depth: 10, showHidden: true }) + JSON.stringify([authority, pair]);
  assert.ok(!shown.includes("PRIVATE KEY"), shown);
});

test("CertificateAuthority.load refuses a key of another certificate, a certificate without key, and a leaf", async () => {
  const other = await CertificateAuthority.generate(nowMs);
  const leaf = await authority.issueServerCertificate([], nowMs);
  const refused: KeyPair[] = [
    { certPem: pair.certPem, keyPem: other.keyPem },
    { certPem: pair.certPem, keyPem: new Redacted("") },
    { certPem: "", keyPem: pair.keyPem },
    leaf,
  ];
  for (const each of refused) {
    await assert.rejects(
      async () => await CertificateAuthority.load(each),
      (error) => isStrongroomError(error, "corrupt"),
    );
  }
});

test("CertificateAuthority issues server certificates for the loopback names and more, for 90 days", async () => {
  const issued = await authority.issueServerCertificate(
    ["Vault.Example.com", "*.example.org", "10.1.2.3", "2001:DB8:0::1", "LOCALHOST"],
    nowMs,
  );
  const certificate = certificateOf(issued);
  assert.equal(
    certificate.subjectAltName,
    "DNS:localhost, DNS:vault.example.com, DNS:*.example.org, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, " +
      "IP Address:10.1.2.3, IP Address:2001:DB8:0:0:0:0:0:1",
  );
  assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  assert.equal(certificate.ca, false);
  assert.deepEqual(validityOf(certificate), { notBeforeMs: nowMs - 300_000, notAfterMs: nowMs + 90 * dayMs });
  assert.ok(authority.hasIssued(certificate));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(issued.keyPem.reveal())));
  assert.equal(certificate.checkIP("::1"), "::1");
});

test("serverNames refuses what is neither a DNS name nor an IP address, and more than 100 names", () => {
  const refused = [
    "",
    " ",
    "a b",
    "a..b",
    "-a",
    "a-",
    "*",
    "*.",
    "a.*.b",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "fe80::1%eth0",
    "[::1]",
    "::g",
    "a:1",
    "a\0b",
    "a\nb",
    "ä.example",
    "x".repeat(64),
    `${"a.".repeat(127)}aa`,
    "https://a",
    "a/b",
    "12345",
  ];
  for (const name of refused) {
    assert.throws(
      () => serverNames([name]),
      (error) => isStrongroomError(error, "invalid"),
      JSON.stringify(name),
    );
  }
  const many = Array.from({ length: 98 }, (_, index) => `h${index}.example`);
  assert.equal(serverNames(many.slice(1)).length, 100);
  assert.throws(() => serverNames(many), /at most 100/);
  assert.deepEqual(serverNames(["::1", "0:0:0:0:0:0:0:1", "LocalHost", "::ffff:1.2.3.4"]), [
    "localhost",
    "127.0.0.1",
    "::1",
    "::ffff:102:304",
  ]);
});

test("CertificateAuthority issues client certificates with the user, the groups in order, and the time asked for", async () => {
  const subject = { userName: "alice", groups: ["zeta", "alpha", "system:masters"] };
  const certificate = certificateOf(await authority.issueClientCertificate(subject, 8 * 3600, nowMs));
  const { user, notBeforeMs, notAfterMs } = certifiedUserOf(certificate);
  assert.equal(user.name, "alice");
  assert.deepEqual(user.groups, ["zeta", "alpha", "system:masters", "system:authenticated"]);
  assert.deepEqual([notBeforeMs, notAfterMs], [nowMs - 300_000, nowMs + 8 * 3600_000]);
  assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
  assert.equal(certificate.subjectAltName, undefined);
  assert.ok(authority.hasIssued(certificate));
});

test("CertificateAuthority puts any name into the certificate as it is: nothing in it is interpreted", async () => {
  const names = [
    'x"system:masters"',
    '"system:masters"',
    "#0c0461646d696e",
    "a\\,O=system:masters",
    "a, O=system:masters",
    "a+O=system:masters",
    "CN=admin",
    "\\0a",
    "größe 鍵 🔑",
    " leading and trailing ",
    "<>;=",
    "__proto__",
    "n".repeat(256),
  ];
  for (const name of names) {
    const pairOf = await authority.issueClientCertificate({ userName: name, groups: [name, "g"] }, 60, nowMs);
    const { user } = certifiedUserOf(certificateOf(pairOf));
    assert.equal(user.name, name);
    assert.deepEqual(user.groups, [name, "g", "system:authenticated"]);
  }
});

test("CertificateAuthority issues sound certificates for arbitrary names", async () => {
  const name = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }).filter((s) => !/\p{Cc}/u.test(s));
  await fc.assert(
    fc.asyncProperty(name, fc.uniqueArray(name, { maxLength: 5 }), async (userName, groups) => {
      const certificate = certificateOf(await authority.issueClientCertificate({ userName, groups }, 60, nowMs));
      const { user } = certifiedUserOf(certificate);
      assert.deepEqual([user.name, ...user.groups], [userName, ...groups, "system:authenticated"]);
      assert.match(certificate.serialNumber, /^[4-7][0-9A-F]{31}$/);
      assert.ok(authority.hasIssued(certificate));
    }),
    { numRuns: 30 },
  );
});

function isInvalid(error: unknown): boolean {
  return isStrongroomError(error, "invalid");
}

test("CertificateAuthority refuses subjects that could be mistaken and lives out of bounds", async () => {
  const subjects = [
    { userName: "", groups: [] },
    { userName: "a\0b", groups: [] },
    { userName: "a\nb", groups: [] },
    { userName: "a\u009bb", groups: [] },
    { userName: "a\ud800", groups: [] },
    { userName: "a".repeat(257), groups: [] },
    { userName: "system:anonymous", groups: [] },
    { userName: "a", groups: [""] },
    { userName: "a", groups: ["g\r"] },
    { userName: "a", groups: ["g", "g"] },
    { userName: "a", groups: ["system:authenticated"] },
    { userName: "a", groups: ["system:unauthenticated"] },
    { userName: "a", groups: Array.from({ length: 101 }, (_, index) => `g${index}`) },
  ];
  for (const subject of subjects) {
    await assert.rejects(async () => await authority.issueClientCertificate(subject, 60, nowMs), isInvalid);
  }
  for (const ttlSeconds of [59, 0, -1, 365 * 86_400 + 1, Number.NaN, Infinity]) {
    const subject = { userName: "a", groups: [] };
    await assert.rejects(async () => await authority.issueClientCertificate(subject, ttlSeconds, nowMs), isInvalid);
  }
});

test("CertificateAuthority lets nothing outlive itself and issues nothing after its end", async () => {
  const endMs = nowMs + 3650 * dayMs;
  const last = certificateOf(await authority.issueServerCertificate([], endMs - 60_000));
  assert.equal(validityOf(last).notAfterMs, endMs);
  await assert.rejects(
    async () => await authority.issueServerCertificate([], endMs),
    (error) => isStrongroomError(error, "unavailable"),
  );
});

test("CertificateAuthority.hasIssued is false for certificates of an authority of the same name", async () => {
  const twin = await CertificateAuthority.load(await CertificateAuthority.generate(nowMs));
  assert.equal(certificateOf({ ...pair, certPem: twin.certPem }).subject, certificateOf(pair).subject);
  assert.equal(authority.hasIssued(certificateOf(await twin.issueServerCertificate([], nowMs))), false);
});

test("isDueForRenewal is true from two thirds of the life on, and before it", () => {
  const validity = { notBeforeMs: 1000, notAfterMs: 4000 };
  const rows: [number, boolean][] = [
    [999, true],
    [1000, false],
    [2999, false],
    [3000, true],
    [4000, true],
    [9000, true],
  ];
  for (const [at, due] of rows) assert.equal(isDueForRenewal(validity, at), due, String(at));
});
