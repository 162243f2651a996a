/**
 * A statement that nothing is left under a key: counted by the server, signed with the key of its audit log's checkpoints, and verified
 * without the server.
 *
 * What is signed (Ed25519, RFC 8032) is the line `strongroom.dev/encryption/statement/v1`, a newline, and the statement without its
 * signature as JSON with the members of all objects in order of their names and no space between.
 */
import { sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { encodePublicKey } from "../audit/log/checkpoint.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { RecordPlace } from "./encryption-census.ts";

/** Where something may be left; freeSpace are copies in space of the files that no record has. */
export const statementPlaces = ["objects", "versions", "trash", "leases", "own", "superseded", "freeSpace"] as const;
export type StatementPlace = RecordPlace | "superseded" | "freeSpace";

export interface StatementFacts {
  /** When and at which revision the counting began; the key wrote nothing from then on. */
  readonly time: string;
  readonly revision: number;
  /** As records say it: `secretbox:v1:key-2025-11`. */
  readonly key: string;
  /** Digests, under the root key, of the secrets that the key had under this name; none for those without a secret. */
  readonly keyDigests: readonly string[];
  /** How much is under the key: nothing. */
  readonly left: Readonly<Record<StatementPlace, number>>;
  /** What was looked at. */
  readonly counted: {
    readonly records: number;
    readonly superseded: number;
    readonly fileBytes: number;
    /** In the data directory. */
    readonly files: readonly string[];
  };
  /** As `KeyStatus.freeSpace`, and when the file was written anew. */
  readonly freeSpace: {
    readonly basis: "searched" | "written-anew";
    readonly fileWrittenAt?: string | undefined;
    readonly fileRevision?: number | undefined;
  };
}

export interface EncryptionStatement extends StatementFacts {
  readonly apiVersion: "strongroom.dev/v1";
  readonly kind: "EncryptionStatement";
  readonly instance: string;
  /** SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly signature: string;
}

export interface StatementSigner {
  readonly instance: string;
  readonly signingKey: KeyObject;
  readonly publicKey: KeyObject;
}

const domain = "strongroom.dev/encryption/statement/v1\n";

export function signStatement(facts: StatementFacts, signer: StatementSigner): EncryptionStatement {
  const unsigned = {
    apiVersion: "strongroom.dev/v1",
    kind: "EncryptionStatement",
    instance: signer.instance,
    ...facts,
    publicKey: encodePublicKey(signer.publicKey),
  } as const;
  return { ...unsigned, signature: sign(null, signedBytes(unsigned), signer.signingKey).toString("base64") };
}

/** Reads one. Raises `invalid` for what is none, also for one that says that something is left. */
export function parseStatement(text: string): EncryptionStatement {
  const value = parseJson(text);
  const { apiVersion, kind } = value;
  if (apiVersion !== "strongroom.dev/v1" || kind !== "EncryptionStatement") {
    throw new StrongroomError("invalid", "the statement must be an EncryptionStatement of strongroom.dev/v1");
  }
  const texts = ["instance", "time", "key", "publicKey", "signature"].map((name) => value[name]);
  const { left, counted, freeSpace, revision } = value;
  const isWhole =
    texts.every((each) => typeof each === "string") &&
    Number.isSafeInteger(revision) &&
    statementPlaces.every((place) => Object(left)[place] === 0) &&
    Object.keys(Object(left)).length === statementPlaces.length &&
    Number.isSafeInteger(Object(counted).records) &&
    ["searched", "written-anew"].includes(Object(freeSpace).basis);
  if (!isWhole) throw new StrongroomError("invalid", "the statement must have its members, and nothing left anywhere");
  return value as unknown as EncryptionStatement; // its members were checked
}

/** Whether the owner of the key has signed exactly this. */
export function isStatementSigned(statement: EncryptionStatement, publicKey: KeyObject): boolean {
  const { signature, ...unsigned } = statement;
  return verify(null, signedBytes(unsigned), publicKey, Buffer.from(signature, "base64"));
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>; // of what its members are is checked by the caller
  } catch (cause) {
    throw new StrongroomError("invalid", "the statement must be JSON", { cause });
  }
}

function signedBytes(unsigned: Omit<EncryptionStatement, "signature">): Buffer {
  return Buffer.from(domain + JSON.stringify(inOrder(unsigned)));
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, inOrder(member)]),
  );
}
