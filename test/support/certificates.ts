/**
 * Certificates for tests, made by openssl - not by our own code, so that tests of
 * the TLS front do not depend on the part that issues certificates.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface TestCertificates {
  readonly ca: KeyPair;
  /** For localhost and 127.0.0.1. */
  readonly server: KeyPair;
  /** CN alice, O developers. */
  readonly client: KeyPair;
}

/** A new authority with a server and a client certificate (of alice, if not of another subject), valid for a day. */
export function makeCertificates(subject = "/O=developers/CN=alice"): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-certificates-"));
  try {
    const ca = makeAuthority(folder);
    return {
      ca,
      server: issue(folder, "server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
      client: issue(folder, "client", subject, "extendedKeyUsage=clientAuth"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function makeAuthority(folder: string): KeyPair {
  openssl(folder, [
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-subj",
    "/CN=test",
    "-days",
    "1",
  ]);
  return readPair(folder, "ca");
}

function issue(folder: string, name: string, subject: string, extension: string): KeyPair {
  writeFileSync(join(folder, `${name}.ext`), `${extension}\n`);
  openssl(folder, ["req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject]);
  const request = ["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"];
  openssl(folder, [...request, "-out", `${name}.crt`, "-days", "1", "-extfile", `${name}.ext`]);
  return readPair(folder, name);
}

function readPair(folder: string, name: string): KeyPair {
  return {
    certPem: readFileSync(join(folder, `${name}.crt`), "utf8"),
    keyPem: readFileSync(join(folder, `${name}.key`), "utf8"),
  };
}

function openssl(folder: string, args: readonly string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
}
