/** Certificates with one fault each, made by openssl. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FaultyCertificates {
  /** Each in PEM: `crt` and `key`. */
  readonly good: Pair;
  readonly other: Pair;
  readonly weak: Pair;
  readonly sha1: Pair;
  readonly alone: Pair;
  readonly selfSigned: Pair;
  /** OpenSSH keys without and with a passphrase, and a weak one. */
  readonly sshOpen: string;
  readonly sshLocked: string;
  readonly sshWeak: string;
}

export interface Pair {
  readonly crt: string;
  readonly key: string;
}

export function makeFaultyCertificates(): FaultyCertificates {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-faulty-"));
  const openssl = (...args: string[]) => void execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const strong = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  try {
    openssl("req", "-x509", ...strong, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca", "-days", "400");
    writeFileSync(join(folder, "ext"), "subjectAltName=DNS:shop.example\n");
    const issue = (name: string, digest: string, newKey: readonly string[]): Pair => {
      openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", "/CN=shop.example");
      const by = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext", "-days", "200"];
      openssl("x509", "-req", "-in", `${name}.csr`, ...by, digest, "-out", `${name}.crt`);
      return { crt: read(`${name}.crt`), key: read(`${name}.key`) };
    };
    const chained = ({ crt, key }: Pair): Pair => ({ crt: crt + read("ca.crt"), key });
    const self = [
      "-keyout",
      "self.key",
      "-out",
      "self.crt",
      "-subj",
      "/CN=self",
      "-days",
      "200",
      "-addext",
      "basicConstraints=CA:FALSE",
    ];
    openssl("req", "-x509", ...strong, ...self);
    const alone = issue("leaf", "-sha256", strong);
    const ssh = (name: string, passphrase: string, ...kind: string[]) => {
      execFileSync("ssh-keygen", ["-q", "-t", ...kind, "-N", passphrase, "-f", join(folder, name)], {
        stdio: "ignore",
      });
      return read(name);
    };
    return {
      good: chained(alone),
      other: chained(issue("other", "-sha256", strong)),
      weak: chained(issue("weak", "-sha256", ["-newkey", "rsa:1024", "-nodes"])),
      sha1: chained(issue("sha1", "-sha1", strong)),
      alone,
      selfSigned: { crt: read("self.crt"), key: read("self.key") },
      sshOpen: ssh("open", "", "ed25519"),
      sshLocked: ssh("locked", "a passphrase", "ed25519"),
      sshWeak: ssh("weakssh", "a passphrase", "rsa", "-b", "1024"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
