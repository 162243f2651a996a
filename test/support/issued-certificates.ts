/** Certificates of any authority and for any use and time, made by openssl. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyPair } from "./certificates.ts";

export interface CertificateWish {
  readonly name: string;
  /** In days from now; negative: it has expired. */
  readonly days?: number;
  /** Extended key usages; default: clientAuth. */
  readonly usage?: string;
  /** The authority that signs; without one it signs itself. */
  readonly by?: KeyPair;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A certificate and its key; an authority when nobody signs it. */
export function issueCertificate({ name, days = 1, usage = "clientAuth", by }: CertificateWish): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-certificate-"));
  const run = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  try {
    if (by === undefined) {
      run("req", "-x509", ...newKey, "-keyout", "k", "-out", "c", "-subj", `/CN=${name}`, "-days", String(days));
      return { certPem: read("c"), keyPem: read("k") };
    }
    writeFileSync(join(folder, "ca.crt"), by.certPem);
    writeFileSync(join(folder, "ca.key"), by.keyPem);
    writeFileSync(join(folder, "ext"), usage === "" ? "basicConstraints=CA:FALSE\n" : `extendedKeyUsage=${usage}\n`);
    run("req", ...newKey, "-keyout", "k", "-out", "r", "-subj", `/O=system:masters/CN=${name}`);
    const request = ["x509", "-req", "-in", "r", "-CA", "ca.crt", "-CAkey", "ca.key", "-out", "c"];
    run(...request, "-days", String(days), "-extfile", "ext");
    return { certPem: read("c"), keyPem: read("k") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
