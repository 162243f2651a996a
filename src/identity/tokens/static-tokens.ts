/**
 * Tokens from a file: for when nothing else is left to get in with. Upstream's form: CSV with a token, a user's name, a uid
 * and, in quotes, their groups. Read once, at the start.
 *
 * Source: apiserver pkg/authentication/token/tokenfile/tokenfile.go; RFC 4180 as Go's encoding/csv reads it.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { User } from "../user.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";
import { tokenBytesMax } from "./signed-token.ts";

/** A larger file is none of ours. */
const fileBytesMax = 1024 * 1024;
const accessibleByOthers = 0o077;

/** Users by the digest of their token: what is looked up tells nothing of how near a guess is. */
export type StaticTokens = ReadonlyMap<string, User>;

/**
 * Reads the file. Raises `invalid` for one that others than its owner may read or write, or that is no such file; what it
 * holds is in no message. `unavailable` when it cannot be read.
 */
export async function readStaticTokens(path: string): Promise<StaticTokens> {
  const text = await readPrivateFile(path);
  const tokens = new Map<string, User>();
  // Columns beyond the groups are ignored, as upstream.
  for (const [index, [token = "", name = "", uid = "", groups]] of readCsv(text, path).entries()) {
    if (token === "") continue;
    if (name === "") throw invalid(path, `record ${index + 1} must have a user's name`);
    tokens.set(digestOf(token), {
      name,
      uid: uid === "" ? undefined : uid,
      groups: groups === undefined ? [] : groups.split(","),
      extra: new Map(),
    });
  }
  return tokens;
}

/** @param ownAudiences what every one of them is for: this server */
export function staticTokens(tokens: StaticTokens, ownAudiences: readonly string[]): TokenAuthenticator {
  return {
    async authenticate(token, asked) {
      const user = token.length > tokenBytesMax ? undefined : tokens.get(digestOf(token));
      const audiences = ownAudiences.filter((audience) => asked.includes(audience));
      if (user === undefined || audiences.length === 0) return undefined;
      return { user, audiences, dependsOn: [], endsAtMs: undefined, annotations: [], warnings: [] };
    },
  };
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

async function readPrivateFile(path: string): Promise<string> {
  let file;
  try {
    file = await open(path, "r");
  } catch (error) {
    throw new StrongroomError("unavailable", `the file of tokens ${path} must be readable`, { cause: error });
  }
  await using opened = file;
  const { mode, size } = await opened.stat();
  if ((mode & accessibleByOthers) !== 0) throw invalid(path, "only its owner may have access: run chmod 600");
  if (size > fileBytesMax) throw invalid(path, `it must have at most ${fileBytesMax} bytes`);
  return await opened.readFile("utf8");
}

function invalid(path: string, what: string): StrongroomError {
  return new StrongroomError("invalid", `the file of tokens ${path}: ${what}`);
}

/** A field in quotes, in which a quote is written twice, or one without any; then what ends it. */
const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** The records, without empty lines. */
function readCsv(text: string, path: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  field.lastIndex = 0;
  while (field.lastIndex < text.length || record.length > 0) {
    const found = field.exec(text);
    if (found === null)
      throw invalid(path, `record ${records.length + 1} must be CSV, with quotes around whole fields`);
    const [, quoted, plain = "", end] = found;
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    const isEmptyLine = record.length === 1 && quoted === undefined && plain === "";
    if (!isEmptyLine && record.length < 3)
      throw invalid(path, `record ${records.length + 1} must have at least 3 columns`);
    if (!isEmptyLine) records.push(record);
    record = [];
  }
  return records;
}
