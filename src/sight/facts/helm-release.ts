/**
 * What is kept of a Helm release: which Secrets its chart rendered. A release is stored whole, with the values and the
 * rendered manifests in it, once for each revision.
 *
 * Source: helm pkg/storage/driver/util.go: base64 of gzip of JSON.
 */
import { gunzipSync } from "node:zlib";
import { textField } from "./json-fields.ts";
import { parseRenderedSecrets } from "./rendered-secrets.ts";
import type { RenderedSecret } from "./rendered-secrets.ts";
import type { SecretMaterial } from "./secret-material.ts";

/** A release of more is not looked into; a Secret holds 1 MiB of it at most, which unpacks to some ten times as much. */
const releaseBytesMax = 64 * 1024 * 1024;

/** The Secrets in the manifest of a release as it is stored; undefined for what is no release that can be read. */
export function releasedSecrets(stored: string, material: SecretMaterial): readonly RenderedSecret[] | undefined {
  try {
    const packed = Buffer.from(stored, "base64");
    const isPacked = packed[0] === 0x1f && packed[1] === 0x8b;
    const text = isPacked ? gunzipSync(packed, { maxOutputLength: releaseBytesMax }) : packed;
    const release: unknown = JSON.parse(text.toString("utf8"));
    return parseRenderedSecrets(textField(release, "manifest"), material);
  } catch {
    return undefined; // unknown, and said so by whoever asks
  }
}
