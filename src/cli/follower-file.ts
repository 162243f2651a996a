/** The part of the configuration file about who follows the audit log. */
import { readFile } from "node:fs/promises";
import type { FollowerConfig, FollowerForm, FollowerTarget } from "../audit/followers/follower-config.ts";
import { bearerFromFile } from "../audit/followers/http-post.ts";
import { usageError } from "./command-failure.ts";
import { duration, integer, list, mapping, oneOf, pathFrom, text } from "./field-readers.ts";
import type { FieldReader, Fields } from "./field-readers.ts";
import { readHashKey } from "./hash-key-file.ts";
import { parseListenAddress } from "./listen-address.ts";
import type { ListenAddress } from "./listen-address.ts";

export type FollowerFile = Fields<FollowerFields>;

interface FollowerFields {
  name: string;
  to: "http" | "syslog";
  form: "strongroom" | "ocsf" | "kubernetes";
  from: "now" | "beginning";
  url: URL;
  body: "lines" | "array";
  address: ListenAddress;
  transport: "tls" | "tcp";
  authoritiesFile: string;
  serverName: string;
  certificateFile: string;
  keyFile: string;
  tokenFile: string;
  batchRecords: number;
  batchWait: number;
  backoff: number;
  hashKeyFile: string;
}

const hourMs = 60 * 60 * 1000;
const nameForm = "a name of lower-case letters, digits and dashes, at most 40, and none that begins with audit-";
const urlForm = "a URL that begins with https://, or with http:// on this host";

export function followersReader(directory: string): FieldReader<readonly FollowerFile[]> {
  const path = pathFrom(directory);
  return list(
    mapping<FollowerFields>({
      name: text((value) => (isName(value) ? value : undefined), nameForm),
      to: oneOf(["http", "syslog"]),
      form: oneOf(["strongroom", "ocsf", "kubernetes"]),
      from: oneOf(["now", "beginning"]),
      url: text(parseUrl, urlForm),
      body: oneOf(["lines", "array"]),
      address: text(parseListenAddress, "HOST:PORT"),
      transport: oneOf(["tls", "tcp"]),
      authoritiesFile: path,
      serverName: text((value) => value, "a name"),
      certificateFile: path,
      keyFile: path,
      tokenFile: path,
      batchRecords: integer({ min: 1, max: 10_000 }),
      batchWait: duration({ minMs: 0, maxMs: hourMs }),
      backoff: duration({ minMs: 1000, maxMs: hourMs }),
      hashKeyFile: path,
    }),
  );
}

/** Names that begin with `audit-` are those of flags. */
function isName(value: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,39}$/.test(value) && !value.startsWith("audit-");
}

function parseUrl(value: string): URL | undefined {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const isLocal = ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  const isAllowed = url.protocol === "https:" || (url.protocol === "http:" && isLocal);
  // A password there would be in a file that holds no secrets.
  return isAllowed && url.username === "" && url.password === "" ? url : undefined;
}

/** Reads the files that followers name. Raises a usage error that names the field. */
export async function readFollowers(files: readonly FollowerFile[]): Promise<FollowerConfig[]> {
  const followers = await Promise.all(files.map((file, index) => readFollower(file, `audit.followers[${index}]`)));
  const names = followers.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw usageError(`audit.followers must have names of their own; ${twice} is there twice`);
  return followers;
}

async function readFollower(file: FollowerFile, place: string): Promise<FollowerConfig> {
  const { name, form = "strongroom", from = "now", hashKeyFile } = file;
  if (name === undefined) throw usageError(`${place}.name must be given`);
  return {
    name,
    form: formOf(form),
    to: await targetOf(file, place),
    from,
    batch: { recordsMax: file.batchRecords ?? 400, waitMs: file.batchWait ?? 1000, bytesMax: 1024 * 1024 },
    throttle: undefined,
    backoffMs: file.backoff ?? 1000,
    hashKey: hashKeyFile === undefined ? undefined : await readHashKey(hashKeyFile, `${place}.hashKeyFile`),
  };
}

function formOf(type: FollowerForm["type"]): FollowerForm {
  return type === "kubernetes" ? { type, format: "json", eventBytesMax: undefined } : { type };
}

async function targetOf(file: FollowerFile, place: string): Promise<FollowerTarget> {
  const ca = await readIfNamed(file.authoritiesFile, `${place}.authoritiesFile`);
  const certificate = await readCertificate(file, place);
  const { serverName, url, address, tokenFile, transport = "tls" } = file;
  if (file.to === undefined) throw usageError(`${place}.to must be http or syslog`);
  if (file.to === "http") {
    if (url === undefined) throw usageError(`${place}.url must be ${urlForm}`);
    requireAbsent(file, place, ["address", "transport"]);
    const authorization = tokenFile === undefined ? undefined : bearerFromFile(tokenFile);
    await readIfNamed(tokenFile, `${place}.tokenFile`);
    return { type: "http", receiver: { url, ca, serverName, certificate, authorization }, body: file.body ?? "lines" };
  }
  if (address === undefined) throw usageError(`${place}.address must be HOST:PORT`);
  requireAbsent(file, place, ["url", "body", "tokenFile"]);
  if (transport === "tcp") requireAbsent(file, place, ["authoritiesFile", "serverName", "certificateFile", "keyFile"]);
  const tls = transport === "tls" ? { ca, certificate, serverName } : undefined;
  return { type: "syslog", receiver: { ...address, tls } };
}

/** A field that has no effect is a mistake about what is protected. */
function requireAbsent(file: FollowerFile, place: string, names: readonly (keyof FollowerFile)[]): void {
  const given = names.find((name) => file[name] !== undefined);
  if (given !== undefined) throw usageError(`${place}.${given} must not be given there: it would have no effect`);
}

async function readCertificate(file: FollowerFile, place: string) {
  const [cert, key] = [
    await readIfNamed(file.certificateFile, `${place}.certificateFile`),
    await readIfNamed(file.keyFile, `${place}.keyFile`),
  ];
  if ((cert === undefined) !== (key === undefined)) {
    throw usageError(`${place} must have both a certificateFile and its keyFile`);
  }
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

async function readIfNamed(path: string | undefined, place: string): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw usageError(`${place} must name a file that can be read (${code})`);
  }
}
