/**
 * Looks for a value in every form in which it could leak: raw, base64 at each of
 * its three offsets, hexadecimal, JSON-escaped, and all of these inside gzip.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** The forms to look for. The value should be long and random, so that nothing else looks like it. */
export function leakForms(value: string): ReadonlyMap<string, Buffer> {
  const bytes = Buffer.from(value, "utf8");
  const forms = new Map<string, Buffer>([
    ["raw", bytes],
    ["hexadecimal", Buffer.from(bytes.toString("hex"))],
    ["upper-case hexadecimal", Buffer.from(bytes.toString("hex").toUpperCase())],
    ["JSON-escaped", Buffer.from(JSON.stringify(value).slice(1, -1))],
    [
      "unicode-escaped",
      Buffer.from([...value].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")),
    ],
  ]);
  for (const offset of [0, 1, 2]) {
    // Behind `offset` other bytes; the first and last characters depend on the neighbours and are left out.
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    const from = offset === 0 ? 0 : 4;
    const whole = Math.floor((offset + bytes.length) / 3) * 4;
    forms.set(`base64 at offset ${offset}`, Buffer.from(encoded.slice(from, whole)));
    forms.set(
      `base64url at offset ${offset}`,
      Buffer.from(encoded.slice(from, whole).replaceAll("+", "-").replaceAll("/", "_")),
    );
  }
  return forms;
}

/** Names of the forms found in `haystack`, gzip members inside it included. */
export function findLeaks(haystack: Buffer, forms: ReadonlyMap<string, Buffer>): string[] {
  const found = [...forms].filter(([, needle]) => haystack.includes(needle)).map(([name]) => name);
  for (const inner of gzipMembers(haystack)) {
    for (const [name, needle] of forms) if (inner.includes(needle)) found.push(`gzip of ${name}`);
  }
  return found;
}

function* gzipMembers(bytes: Buffer): Generator<Buffer> {
  const magic = Buffer.from([0x1f, 0x8b, 0x08]);
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    try {
      yield gunzipSync(bytes.subarray(at), { maxOutputLength: 16 * 1024 * 1024 });
    } catch {
      // Three bytes that only look like the beginning of a member.
    }
  }
}

/** Every leak in every file below a folder, as `path: form`. */
export async function findLeaksInFolder(folder: string, forms: ReadonlyMap<string, Buffer>): Promise<string[]> {
  const leaks: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // A running server replaces files; what took the place of one is found under its own name, or when it has stopped.
    const bytes = await readFile(path).catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    });
    for (const form of findLeaks(bytes, forms)) leaks.push(`${path}: ${form}`);
  }
  return leaks;
}
