/**
 * The text of a root key file:
 *
 *     strongroom-root-key v1
 *     # Without this file ... (lines that begin with `#` are for people)
 *     instance: 3f2c...
 *     key-id: 9a41...
 *     <fields of the form, in their order>
 *     checksum: <first 32 hex digits of the SHA-256 of everything above>
 *
 * One encoding per content: known fields only, in order, each once, lines ended by
 * a single newline, nothing after the last. The checksum finds a damaged copy (a bad
 * sector, a paste that lost a line); it is no protection against an attacker, who could recompute it.
 */
import { createHash } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";

const header = "strongroom-root-key v1";

/** Larger files are not read at all. */
export const keyFileBytesMax = 16_384;

const note = [
  "# Without this file (or a copy of it) nothing in the data directory of this instance can be read.",
  "# With it and the data directory, everything can: keep copies apart from copies of the data.",
];

export type KeyFileFields = ReadonlyMap<string, string>;

/** Encodes fields in the order of the map; names are `[a-z-]+`, values printable ASCII without line ends. */
export function encodeKeyFile(fields: KeyFileFields): string {
  const lines = [header, ...note, ...Array.from(fields, ([name, value]) => `${name}: ${value}`)];
  const body = `${lines.join("\n")}\n`;
  return `${body}checksum: ${checksumOf(body)}\n`;
}

/**
 * Decodes a key file that must have exactly the fields `names`, in that order. Raises `sealed`
 * with a reason that contains nothing of the content.
 */
export function decodeKeyFile(text: string, names: readonly string[]): KeyFileFields {
  const match = /^(?<body>.*\n)checksum: (?<checksum>[0-9a-f]{32})\n$/s.exec(text);
  const { body, checksum } = match?.groups ?? {};
  if (body === undefined || !body.startsWith(`${header}\n`))
    throw damaged(`begin with "${header}" and end with a checksum`);
  if (checksumOf(body) !== checksum) throw damaged("agree with its checksum");
  const lines = body.slice(0, -1).split("\n").slice(1);
  const values = lines.filter((line) => !line.startsWith("#"));
  if (values.length !== names.length) throw damaged(`hold exactly the fields ${names.join(", ")}`);
  return new Map(names.map((name, index) => [name, fieldValue(values[index] ?? "", name)]));
}

/** The names of the fields of a key file, unchecked: enough to tell its form. */
export function keyFileFieldNames(text: string): readonly string[] {
  return Array.from(text.matchAll(/^([a-z-]+): /gm), (match) => match[1] ?? "").filter((name) => name !== "checksum");
}

/** Bytes from base64 in its one canonical form and of one length; raises `sealed`. */
export function decodeKeyFileBytes(value: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const written = bytes.write(value, "base64");
  if (written !== length || bytes.toString("base64") !== value)
    throw damaged(`hold ${length} bytes in canonical base64`);
  return bytes;
}

function fieldValue(line: string, name: string): string {
  const prefix = `${name}: `;
  if (!line.startsWith(prefix)) throw damaged(`hold the field ${name}`);
  return line.slice(prefix.length);
}

function checksumOf(body: string): string {
  return createHash("sha256").update(body).digest("hex").slice(0, 32);
}

function damaged(must: string): StrongroomError {
  return new StrongroomError("sealed", `the root key file must ${must}; restore it from your copy`);
}
