/** What a text is once it is decoded, within bounds. */
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";

/** What one text may become by decoding: more is not looked at. */
export const decodedBytesMax = 8 * 1024 * 1024;

const base64 = /^[A-Za-z0-9+/\r\n]*={0,2}\s*$/;
const base64url = /^[A-Za-z0-9_-]*={0,2}$/;

/** Bytes of base64 of at least 12 bytes; undefined for what is none, and for words that only look like it. */
export function decodeBase64(
  text: string,
): { readonly bytes: Buffer; readonly by: "base64" | "base64url" } | undefined {
  const trimmed = text.trim();
  if (trimmed.length < 16) return undefined;
  const isPlain = base64.test(trimmed);
  if (!isPlain && !base64url.test(trimmed)) return undefined;
  if (isPlain && trimmed.replaceAll(/[\r\n]/g, "").length % 4 === 1) return undefined;
  const by = isPlain ? "base64" : "base64url";
  return { bytes: Buffer.from(trimmed, by), by };
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 18 && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/** Undefined for what is broken or larger than `bytesMax`: a few kilobytes can be gigabytes. */
export function gunzipBounded(bytes: Uint8Array, bytesMax: number): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, bytesMax) });
  } catch {
    return undefined; // whoever asks says that it was not looked at
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text that bytes are; undefined for what is not made for reading. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text; // eslint-disable-line no-control-regex
  } catch {
    return undefined; // binary
  }
}

/** An object or a list of JSON; undefined for anything else. */
export function parseJson(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // it is looked at as text then
  }
}

const yamlCharactersMax = 256 * 1024;

/** A kubeconfig written as JSON or YAML; undefined for anything else. */
export function parseKubeconfig(text: string): unknown {
  if (text.length > yamlCharactersMax || !/^\s*["']?users["']?\s*:/m.test(text) || !/clusters["']?\s*:/.test(text)) {
    return undefined;
  }
  try {
    return parse(text, { maxAliasCount: 10, logLevel: "silent" }) as unknown; // of unknown shape
  } catch {
    return undefined; // it is looked at as text then
  }
}
