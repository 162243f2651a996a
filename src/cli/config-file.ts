/**
 * The configuration file: one YAML document for what is ours, versioned like a Kubernetes
 * object. docs/configuration.md shows every field.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { LineCounter, parseDocument, visit } from "yaml";

import { defaultConcurrencyLimits } from "../doors/http/concurrency-limiter.ts";
import type { ConcurrencyLimits } from "../doors/http/concurrency-limiter.ts";
import { defaultHttpLimits } from "../doors/http/limits.ts";
import type { HttpLimits } from "../doors/http/limits.ts";
import { authenticationReader } from "./authentication-file.ts";
import type { AuthenticationFile } from "./authentication-file.ts";
import { backupReader } from "./backup-schedule-file.ts";
import type { BackupFile } from "./backup-schedule-file.ts";
import { clusterAuditReader } from "./cluster-audit-file.ts";
import type { ClusterAuditFile } from "./cluster-audit-file.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import { followersReader } from "./follower-file.ts";
import type { FollowerFile } from "./follower-file.ts";
import { byteSize, duration, integer, list, mapping, oneOf, pathFrom, text } from "./field-readers.ts";
import type { FieldReader, Fields } from "./field-readers.ts";
import { certificateNameForm, isCertificateName, listenAddressForm, parseListenAddress } from "./listen-address.ts";
import { etcdReader } from "./etcd-file.ts";
import type { EtcdFile } from "./etcd-file.ts";
import type { ListenAddress } from "./listen-address.ts";
import { kmsEndpointForm, parseKmsEndpoint } from "./root-key-choice.ts";

/** The versions of the file that are understood. */
export const configApiVersion = "strongroom.dev/v1alpha1";
export const configKind = "ServerConfiguration";

/** Everything that can be said in the file; every field may be left out. Paths are absolute here. */
export type ConfigFile = Fields<ConfigFileFields>;

interface ConfigFileFields {
  apiVersion: typeof configApiVersion;
  kind: typeof configKind;
  dataDir: string;
  listen: ListenAddress;
  tls: Fields<{ extraSans: readonly string[] }>;
  log: Fields<{ format: "text" | "json" }>;
  rootKey: Fields<{ file: string; passphraseFile: string; kmsEndpoint: string }>;
  encryption: Fields<{ configurationFile: string }>;
  history: Fields<{ retain: number; retainBytes: number }>;
  versions: Fields<{
    perSecret: number;
    keepAtLeast: number;
    bytesPerSecret: number;
    bytesPerNamespace: number;
    trash: number;
  }>;
  /** A path, or `none`. */
  adminKubeconfig: string;
  limits: Fields<Limits>;
  authentication: AuthenticationFile;
  audit: Fields<{
    reserve: number;
    reads: "synced" | "batched";
    followers: readonly FollowerFile[];
    clusters: readonly ClusterAuditFile[];
  }>;
  kubernetes: Fields<{ valuesInAnswersToWrites: "readers" | "writers" }>;
  etcd: EtcdFile;
  backup: BackupFile;
}

type Limits = HttpLimits & ConcurrencyLimits;
const defaultLimits: Limits = { ...defaultHttpLimits, ...defaultConcurrencyLimits };

/** A larger file is none of ours. */
const configFileBytesMax = 1024 * 1024;

/**
 * Reads and checks the file at the absolute path `path`. Raises a usage error that begins with the path
 * and names the line or the field, and what must hold there.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  try {
    const value = parseYaml(await readText(path));
    checkVersion(value);
    return configReader(dirname(path))(value, "");
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw usageError(`${path}: ${error.message}`, error.advice ?? "docs/configuration.md shows every field");
  }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > configFileBytesMax) throw usageError(`the file must have at most ${configFileBytesMax} bytes`);
    return await readFile(path, "utf8");
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code === "ENOENT")
      throw usageError("the file must exist", "Name the configuration file with --config FILE");
    throw usageError(`the file must be readable (${String(error.code)})`);
  }
}

/** Messages of the YAML parser quote the text, which may be that of a wrong file: only its place is told. */
function parseYaml(content: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(content, { lineCounter, prettyErrors: false, stringKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const reason = problem.code.toLowerCase().replaceAll("_", " ");
    throw usageError(`line ${lineCounter.linePos(problem.pos[0]).line} must be valid YAML (${reason})`);
  }
  visit(document, {
    Alias: () => {
      throw usageError("the file must be written without anchors and aliases");
    },
  });
  return document.toJS({ mapAsMap: true });
}

/** Before anything else, so that another file given by mistake is told as what it is. */
function checkVersion(value: unknown): void {
  const apiVersion: unknown = value instanceof Map ? value.get("apiVersion") : undefined;
  const kind: unknown = value instanceof Map ? value.get("kind") : undefined;
  if (apiVersion === configApiVersion && kind === configKind) return;
  throw usageError(`the file must begin with "apiVersion: ${configApiVersion}" and "kind: ${configKind}"`);
}

const dayMs = 24 * 60 * 60 * 1000;
const mebibyte = 1024 * 1024;
/** node's timers and socket options hold no more. */
const integerMax = 2 ** 31 - 1;

function configReader(directory: string): FieldReader<ConfigFile> {
  const path = pathFrom(directory);
  return mapping<ConfigFileFields>({
    apiVersion: oneOf([configApiVersion]),
    kind: oneOf([configKind]),
    dataDir: path,
    listen: text(parseListenAddress, listenAddressForm),
    tls: mapping({
      extraSans: list(text((name) => (isCertificateName(name) ? name : undefined), certificateNameForm)),
    }),
    log: mapping({ format: oneOf(["text", "json"]) }),
    rootKey: mapping({ file: path, passphraseFile: path, kmsEndpoint: text(parseKmsEndpoint, kmsEndpointForm) }),
    encryption: mapping({ configurationFile: path }),
    history: mapping({
      retain: duration({ minMs: 60_000, maxMs: 3650 * dayMs }),
      retainBytes: byteSize({ minBytes: mebibyte }),
    }),
    versions: mapping({
      perSecret: integer({ min: 1, max: 100_000 }),
      keepAtLeast: duration({ minMs: 0, maxMs: 3650 * dayMs }),
      bytesPerSecret: byteSize({ minBytes: mebibyte }),
      bytesPerNamespace: byteSize({ minBytes: mebibyte }),
      trash: duration({ minMs: 0, maxMs: 3650 * dayMs }),
    }),
    adminKubeconfig: (value, place) => (value === "none" ? value : path(value, place)),
    limits: readLimits,
    authentication: authenticationReader(directory),
    audit: mapping({
      reserve: byteSize({ minBytes: mebibyte }),
      reads: oneOf(["synced", "batched"]),
      followers: followersReader(directory),
      clusters: clusterAuditReader(directory),
    }),
    kubernetes: mapping({ valuesInAnswersToWrites: oneOf(["readers", "writers"]) }),
    etcd: etcdReader(directory),
    backup: backupReader(directory),
  });
}

const readLimits: FieldReader<Fields<Limits>> = (value, path) => {
  const whole = integer({ min: 1, max: integerMax });
  const names = Object.keys(defaultLimits);
  const readers = Object.fromEntries(names.map((name) => [name, whole]));
  const limits: Fields<Limits> = mapping(readers)(value, path);
  const { urlBytesMax, headerBytesMax } = { ...defaultLimits, ...limits };
  if (urlBytesMax < headerBytesMax) return limits;
  throw usageError(`${path}.urlBytesMax must be less than ${path}.headerBytesMax (${headerBytesMax})`);
};
