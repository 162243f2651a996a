/** Tokens as an attacker would make them: any header, any claims, any signature. */
import { createHmac, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

export type JsonFields = Record<string, unknown>;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A compact JWS; `signature` makes its last part of what is to be signed. */
export function forgedToken(header: JsonFields, claims: JsonFields, signature: (input: string) => Buffer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signature(input).toString("base64url")}`;
}

export const unsigned = (): Buffer => Buffer.alloc(0);
export const byRsa = (key: KeyObject) => (input: string) => sign("sha256", Buffer.from(input), key);
export const byEcdsa = (key: KeyObject) => (input: string) =>
  sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
export const byHmac = (secret: string | Buffer) => (input: string) =>
  createHmac("sha256", secret).update(input).digest();

/** The header and the claims of a token. */
export function partsOf(token: string): { header: JsonFields; claims: JsonFields } {
  const [header, claims] = token
    .split(".", 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString("utf8")));
  return { header, claims };
}
