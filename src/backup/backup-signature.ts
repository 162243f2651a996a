/**
 * Who made a backup. Age does not say: a recipient is no secret, and whoever knows it can make a file for it. So the manifest is
 * signed with the key that signs the instance's audit log, whose public half people keep elsewhere already
 * (`strongroom audit public-key`).
 */
import { createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { BackupManifest, SignBackup } from "./backup-manifest.ts";

const domain = Buffer.from("strongroom.dev/backup/v1\0", "latin1");

/** Signs with an Ed25519 key; `publicKey` is its SubjectPublicKeyInfo in base64. */
export function backupSigner(signingKey: KeyObject, publicKey: string): SignBackup {
  return (sha256) => ({
    publicKey,
    value: sign(null, Buffer.concat([domain, sha256]), signingKey).toString("base64"),
  });
}

/** Whether the manifest is signed by the key that it names; undefined when it is not signed at all. */
export function isSignatureGood({ sha256, signature }: BackupManifest): boolean | undefined {
  if (signature === undefined) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(signature.publicKey, "base64"), format: "der", type: "spki" });
    const signed = Buffer.concat([domain, Buffer.from(sha256, "hex")]);
    return key.asymmetricKeyType === "ed25519" && verify(null, signed, key, Buffer.from(signature.value, "base64"));
  } catch {
    return false; // no key, so nobody's signature
  }
}
