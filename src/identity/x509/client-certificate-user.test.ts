import assert from "node:assert/strict";
import { createHash, webcrypto, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createSecureServer } from "node:http2";
import { Agent, createServer, request } from "node:https";
import type { RequestOptions, Server } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";

import type { JsonNameParams } from "@peculiar/x509";

import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { CertificateAuthority } from "./certificate-authority.ts";
import { certifiedUserOf, ClientCertificateAuthenticator } from "./client-certificate-user.ts";
import type { ClientConnection } from "./client-certificate-user.ts";
import type { KeyPair } from "./key-pair.ts";
import { installReflectMetadata } from "./reflect-metadata.ts";

const clientAuth = "1.3.6.1.5.5.7.3.2";
const nowMs = Date.now();
const authority = await CertificateAuthority.load(await CertificateAuthority.generate(nowMs));

/** A certificate that the authority would never issue. */
async function strangeCertificate(
  name: JsonNameParams,
  usages: readonly string[] = [clientAuth],
): Promise<X509Certificate> {
  installReflectMetadata();
  const x509 = await import("@peculiar/x509");
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: new x509.Name(name),
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: usages.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...usages])],
  });
  return new X509Certificate(Buffer.from(certificate.rawData));
}

function utf8(...values: readonly string[]): { utf8String: string }[] {
  return values.map((utf8String) => ({ utf8String }));
}

function isUnauthenticated(error: unknown): boolean {
  return isStrongroomError(error, "unauthenticated");
}

test("certifiedUserOf names the credential by the SHA-256 of the certificate", async () => {
  const certificate = await strangeCertificate([{ CN: utf8("alice") }]);
  const digest = createHash("sha256").update(certificate.raw).digest("hex");
  const { user } = certifiedUserOf(certificate);
  assert.deepEqual(Array.from(user.extra), [["authentication.kubernetes.io/credential-id", [`X509SHA256=${digest}`]]]);
  assert.equal(user.uid, undefined);
});

test("certifiedUserOf reads every attribute of multi-valued RDNs, wherever it stands, in order", async () => {
  const rows: [JsonNameParams, string, string[]][] = [
    [[{ O: utf8("g1"), CN: utf8("alice") }, { O: utf8("g2") }], "alice", ["g1", "g2"]],
    [[{ O: utf8("g2", "g1") }, { CN: utf8("alice") }], "alice", ["g2", "g1"]],
    [[{ CN: utf8("a+O=system:masters") }], "a+O=system:masters", []],
    [[{ CN: utf8("a\\") }, { O: utf8("a/CN=b", "x, O=y") }], "a\\", ["a/CN=b", "x, O=y"]],
    [[{ CN: [{ bmpString: "größe" }] }, { O: [{ printableString: "ops" }] }], "größe", ["ops"]],
    [[{ CN: utf8("alice") }, { O: utf8("system:authenticated") }], "alice", []],
    [[{ CN: utf8("alice") }, { OU: utf8("unit") }, { C: utf8("DE") }], "alice", []],
  ];
  for (const [name, userName, groups] of rows) {
    const { user } = certifiedUserOf(await strangeCertificate(name));
    assert.equal(user.name, userName);
    assert.deepEqual(user.groups, [...groups, "system:authenticated"]);
  }
});

test("certifiedUserOf reads the UID attribute of Kubernetes", async () => {
  const { user } = certifiedUserOf(
    await strangeCertificate([{ CN: utf8("alice") }, { "1.3.6.1.4.1.57683.2": utf8("u-1") }]),
  );
  assert.equal(user.uid, "u-1");
});

test("certifiedUserOf refuses names that are missing, ambiguous or could be mistaken", async () => {
  const names: JsonNameParams[] = [
    [],
    [{ O: utf8("system:masters") }],
    [{ CN: utf8("") }],
    [{ CN: utf8("alice") }, { CN: utf8("admin") }],
    [{ CN: utf8("alice", "admin") }],
    [{ CN: utf8("admin\0.example.com") }],
    [{ CN: utf8("alice\nadmin") }],
    [{ CN: utf8("a".repeat(257)) }],
    [{ CN: utf8("alice") }, { O: utf8("system:masters\0") }],
    [{ CN: utf8("alice") }, { O: utf8("") }],
    [{ CN: utf8("alice") }, { "1.3.6.1.4.1.57683.2": utf8("u-1", "u-2") }],
    [{ CN: utf8("alice") }, { "1.3.6.1.4.1.57683.2": utf8("u\n1") }],
  ];
  for (const name of names) {
    const certificate = await strangeCertificate(name);
    assert.throws(() => certifiedUserOf(certificate), isUnauthenticated, JSON.stringify(name));
  }
});

test("certifiedUserOf refuses certificates that are not made for client authentication", async () => {
  for (const usages of [[], ["1.3.6.1.5.5.7.3.1"], ["2.5.29.37.0"]]) {
    const certificate = await strangeCertificate([{ CN: utf8("alice") }], usages);
    assert.throws(() => certifiedUserOf(certificate), isUnauthenticated, usages.join(" "));
  }
  const server = new X509Certificate((await authority.issueServerCertificate([], nowMs)).certPem);
  assert.throws(() => certifiedUserOf(server), isUnauthenticated);
  assert.throws(() => certifiedUserOf(new X509Certificate(authority.certPem)), isUnauthenticated);
});

test("ClientCertificateAuthenticator reads a certificate once and checks its time at each request", async () => {
  const { certPem } = await authority.issueClientCertificate({ userName: "alice", groups: [] }, 60, nowMs);
  let reads = 0;
  const connection: ClientConnection = {
    authorized: true,
    getPeerX509Certificate: () => {
      reads++;
      return new X509Certificate(certPem);
    },
  };
  const authenticator = new ClientCertificateAuthenticator();
  const first = authenticator.authenticate(connection, nowMs);
  assert.equal(first?.name, "alice");
  assert.equal(authenticator.authenticate(connection, nowMs + 59_000), first);
  assert.throws(() => authenticator.authenticate(connection, nowMs + 61_000), isUnauthenticated);
  assert.throws(() => authenticator.authenticate(connection, nowMs - 301_000), isUnauthenticated);
  assert.equal(reads, 1);
});

/** A real server that answers who the caller is, by its names and groups, or why it is nobody. */
async function startServer(clientAuthority: CertificateAuthority): Promise<{ server: Server; port: number }> {
  const { certPem, keyPem } = await authority.issueServerCertificate([], nowMs);
  const authenticator = new ClientCertificateAuthenticator();
  const options = {
    cert: certPem,
    key: keyPem.reveal(),
    ca: clientAuthority.certPem,
    requestCert: true,
    rejectUnauthorized: false,
  };
  const server = createServer(options, (incoming, response) => {
    try {
      const user = authenticator.authenticate(incoming.socket as TLSSocket, Date.now()); // an https server's socket
      response.end(user === undefined ? "nobody" : [user.name, ...user.groups].join("|"));
    } catch (error) {
      assert.ok(isUnauthenticated(error), String(error));
      response.end("refused");
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port }; // a TCP server's address is not a string
}

async function whoAmI(port: number, client: KeyPair | undefined, options: RequestOptions = {}): Promise<string> {
  const credentials = client === undefined ? {} : { cert: client.certPem, key: client.keyPem.reveal() };
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  const outgoing = request({ host: "127.0.0.1", port, ca: authority.certPem, agent, ...credentials, ...options });
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [AsyncIterable<Buffer>]; // the one argument of the event
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("ClientCertificateAuthenticator knows its clients over real TLS 1.2 and 1.3 connections, and nobody else", async () => {
  const { server, port } = await startServer(authority);
  const stranger = await CertificateAuthority.load(await CertificateAuthority.generate(nowMs));
  const subject = { userName: "alice", groups: ["dev", "größe, O=x", "n".repeat(200)] };
  const alice = await authority.issueClientCertificate(subject, 3600, nowMs);
  const expired = await authority.issueClientCertificate(subject, 60, nowMs - 3_600_000);
  const future = await authority.issueClientCertificate(subject, 60, nowMs + 3_600_000);
  const forged = await stranger.issueClientCertificate(subject, 3600, nowMs);
  const serverPair = await authority.issueServerCertificate([], nowMs);
  try {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const options = { minVersion: version, maxVersion: version };
      assert.equal(await whoAmI(port, alice, options), ["alice", ...subject.groups, "system:authenticated"].join("|"));
      assert.equal(await whoAmI(port, undefined, options), "nobody");
      for (const refused of [expired, future, forged, serverPair])
        assert.equal(await whoAmI(port, refused, options), "refused");
    }
    assert.equal(await whoAmI(port, alice, { host: "localhost", family: 4 }), await whoAmI(port, alice));
    await assert.rejects(async () => await whoAmI(port, alice, { servername: "other.example" }), /Hostname|altnames/i);
    await assert.rejects(
      async () => await whoAmI(port, alice, { ca: stranger.certPem }),
      /certificate|issuer|signature/i,
    );
  } finally {
    server.close();
  }
});

test("ClientCertificateAuthenticator knows the client of an HTTP/2 session, as one user for all its requests", async () => {
  const { certPem, keyPem } = await authority.issueServerCertificate([], nowMs);
  const alice = await authority.issueClientCertificate({ userName: "alice", groups: ["dev"] }, 3600, nowMs);
  const authenticator = new ClientCertificateAuthenticator();
  const users: unknown[] = [];
  const options = {
    cert: certPem,
    key: keyPem.reveal(),
    ca: authority.certPem,
    requestCert: true,
    rejectUnauthorized: false,
  };
  const server = createSecureServer(options, (incoming, response) => {
    users.push(authenticator.authenticate(incoming.stream.session?.socket as TLSSocket, Date.now())); // TLS only
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server's address is not a string
  const session = connect(`https://127.0.0.1:${port}`, {
    ca: authority.certPem,
    cert: alice.certPem,
    key: alice.keyPem.reveal(),
  });
  for (const path of ["/one", "/two"]) {
    const stream = session.request({ ":path": path });
    stream.resume().end();
    await once(stream, "close");
  }
  session.close();
  server.close();
  const [first, second] = users;
  assert.equal((first as { name: string }).name, "alice"); // a user, else this fails
  assert.equal(first, second);
});
