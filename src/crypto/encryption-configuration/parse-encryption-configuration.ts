import { parseDocument } from "yaml";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { Redacted } from "../redacted.ts";
import type { ConfigurationProblem } from "./configuration-problem.ts";
import { ConfigurationReader, join } from "./configuration-reader.ts";
import { encryptionConfigurationType } from "./encryption-configuration.ts";
import type {
  EncryptionConfiguration,
  KeysConfiguration,
  KmsConfiguration,
  NamedKey,
  ProviderConfiguration,
  ResourceConfiguration,
} from "./encryption-configuration.ts";
import { validateEncryptionConfiguration } from "./validate-encryption-configuration.ts";
import { refuseKms } from "./validate-kms.ts";

const kmsDefaults = { timeoutMs: 3000, apiVersion: "v1", cacheSizeV1: 1000 };

/**
 * Whose file it is. That of a cluster may have what this server does not take: KMS v1, and a provider with the name of this server's
 * own envelope.
 */
export type ConfigurationOf = "server" | "cluster";

/**
 * The configuration in a file of YAML or JSON. Raises `invalid` with every problem that upstream would name, each with
 * the path of its field (`resources[0].providers[1].aescbc.keys[0].secret`), never with a key.
 */
export function parseEncryptionConfiguration(text: string, of: ConfigurationOf = "server"): EncryptionConfiguration {
  const configuration = readEncryptionConfiguration(text);
  const problems = validateEncryptionConfiguration(configuration, of === "server" ? refuseKms : () => undefined);
  if (problems.length > 0) throw refusal(problems);
  return configuration;
}

/**
 * The same by its structure alone: what the fields say is not judged, so that lists may be empty, and keys be none. For whoever uses no
 * key of it. Raises `invalid` for what is no such file.
 */
export function readEncryptionConfiguration(text: string): EncryptionConfiguration {
  if (text === "") throw refusal(["the file is empty"]);
  const reader = new ConfigurationReader();
  const root = reader.mapping(parseYaml(text), "", ["apiVersion", "kind", "resources"]);
  requireType(root);
  const configuration = { resources: reader.list(root.get("resources"), "resources", resourceReader(reader)) };
  if (reader.problems.length > 0) throw refusal(reader.problems);
  return configuration;
}

function refusal(problems: readonly ConfigurationProblem[]): StrongroomError {
  const list = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`; // as upstream puts them together
  return new StrongroomError("invalid", `the encryption configuration must be valid: ${list}`);
}

/** As upstream reads it: YAML 1.1, where `yes` is no text. Messages of the parser quote the file: only the place is told. */
function parseYaml(text: string): unknown {
  const document = parseDocument(text, { version: "1.1", merge: true, uniqueKeys: true, prettyErrors: false });
  const [problem] = document.errors;
  if (problem === undefined) return document.toJS({ mapAsMap: true, maxAliasCount: 100 });
  const line = text.slice(0, problem.pos[0]).split("\n").length;
  throw refusal([`line ${line} must be valid YAML (${problem.code.toLowerCase().replaceAll("_", " ")})`]);
}

/** Before anything else, so that another file given by mistake is told as what it is. */
function requireType(root: ReadonlyMap<string, unknown>): void {
  const { apiVersion, kind } = encryptionConfigurationType;
  if (root.get("apiVersion") === apiVersion && root.get("kind") === kind) return;
  throw refusal([`the file must have "apiVersion: ${apiVersion}" and "kind: ${kind}"`]);
}

function resourceReader(reader: ConfigurationReader) {
  return (value: unknown, path: string): ResourceConfiguration => {
    const members = reader.mapping(value, path, ["resources", "providers"]);
    const text = (item: unknown, place: string) => reader.text(item ?? undefined, place);
    return {
      resources: reader.list(members.get("resources"), join(path, "resources"), text),
      providers: reader.list(members.get("providers"), join(path, "providers"), providerReader(reader)),
    };
  };
}

function providerReader(reader: ConfigurationReader) {
  return (value: unknown, path: string): ProviderConfiguration => {
    const members = reader.mapping(value, path, ["aescbc", "aesgcm", "secretbox", "kms", "identity"]);
    const keys = (name: string) => keysOf(reader, members.get(name), join(path, name));
    const identity = members.get("identity");
    if (identity !== undefined) reader.mapping(identity, join(path, "identity"), []);
    return {
      aescbc: keys("aescbc"),
      aesgcm: keys("aesgcm"),
      secretbox: keys("secretbox"),
      kms: kmsOf(reader, members.get("kms"), join(path, "kms")),
      identity: identity === undefined ? undefined : {},
    };
  };
}

function keysOf(reader: ConfigurationReader, value: unknown, path: string): KeysConfiguration | undefined {
  if (value === undefined) return undefined;
  const members = reader.mapping(value, path, ["keys"]);
  const key = (item: unknown, place: string): NamedKey => {
    const parts = reader.mapping(item, place, ["name", "secret"]);
    return {
      name: reader.text(parts.get("name"), join(place, "name")),
      secret: new Redacted(reader.text(parts.get("secret"), join(place, "secret"))),
    };
  };
  return { keys: reader.list(members.get("keys"), join(path, "keys"), key) };
}

function kmsOf(reader: ConfigurationReader, value: unknown, path: string): KmsConfiguration | undefined {
  if (value === undefined) return undefined;
  const members = reader.mapping(value, path, ["apiVersion", "name", "cachesize", "endpoint", "timeout"]);
  const text = (name: string) => reader.text(members.get(name), join(path, name));
  const apiVersion = text("apiVersion") || kmsDefaults.apiVersion;
  const cacheSize = reader.integer(members.get("cachesize"), join(path, "cachesize"));
  return {
    apiVersion,
    name: text("name"),
    endpoint: text("endpoint"),
    timeoutMs: reader.duration(members.get("timeout"), join(path, "timeout")) ?? kmsDefaults.timeoutMs,
    cacheSize: apiVersion === "v1" ? (cacheSize ?? kmsDefaults.cacheSizeV1) : cacheSize,
  };
}
