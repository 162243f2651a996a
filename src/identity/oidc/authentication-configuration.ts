/**
 * The file AuthenticationConfiguration (apiserver.config.k8s.io): whose JWTs count, for whom, and who may be anonymous where.
 *
 * Source: apiserver pkg/apis/apiserver/{types.go,validation/validation.go}.
 */
import { parseDocument } from "yaml";
import type { CelCompiler } from "../../cel/cel.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { ClaimRules } from "./claim-rules.ts";
import { ConfigurationErrors } from "./configuration-errors.ts";
import { ConfigurationReader } from "./configuration-reader.ts";
import type { Mapping } from "./configuration-reader.ts";
import { readIssuer } from "./issuer-configuration.ts";
import type { Issuer } from "./issuer-configuration.ts";

export interface JwtConfiguration {
  readonly issuer: Issuer;
  readonly rules: ClaimRules;
}

export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtConfiguration[];
  /** Where requests without a credential are let through as anonymous; absent: as the server has it. */
  readonly anonymous: AnonymousConfiguration | undefined;
}

export interface AnonymousConfiguration {
  readonly enabled: boolean;
  /** Empty means every path. */
  readonly paths: readonly string[];
}

const versions: ReadonlySet<string> = new Set([
  "apiserver.config.k8s.io/v1",
  "apiserver.config.k8s.io/v1beta1",
  "apiserver.config.k8s.io/v1alpha1",
]);
const authenticatorsMax = 64;

/**
 * Reads the text of a file.
 *
 * @param ownIssuers whose tokens the server makes itself: they are not to be taken from elsewhere
 * @throws StrongroomError `invalid`, with all errors
 */
export function readAuthenticationConfiguration(
  text: string,
  cel: CelCompiler,
  ownIssuers: readonly string[],
): AuthenticationConfiguration {
  const document = parseDocument(text, { uniqueKeys: true });
  const [syntax] = document.errors;
  if (syntax !== undefined) throw new StrongroomError("invalid", `must be YAML: ${syntax.message}`);
  const errors = new ConfigurationErrors();
  const reader = new ConfigurationReader(errors);
  const root = reader.mapping(document.toJS({ maxAliasCount: 100 }), "", ["apiVersion", "kind", "jwt", "anonymous"]);
  requireType(root);
  const jwt = readAuthenticators(reader, root, { cel, errors, ownIssuers });
  const anonymous = readAnonymous(reader, root["anonymous"], errors);
  if (errors.texts.length > 0) throw new StrongroomError("invalid", joined(errors.texts));
  return { jwt, anonymous };
}

function requireType({ apiVersion, kind }: Mapping): void {
  if (kind === "AuthenticationConfiguration" && typeof apiVersion === "string" && versions.has(apiVersion)) return;
  throw new StrongroomError(
    "invalid",
    "must be of apiVersion apiserver.config.k8s.io/v1 and kind AuthenticationConfiguration",
  );
}

function joined(texts: readonly string[]): string {
  return texts.length === 1 ? texts.join("") : `[${texts.join(", ")}]`;
}

interface Reading {
  readonly cel: CelCompiler;
  readonly errors: ConfigurationErrors;
  readonly ownIssuers: readonly string[];
}

const fields = ["issuer", "claimValidationRules", "claimMappings", "userValidationRules"];

function readAuthenticators(reader: ConfigurationReader, root: Mapping, reading: Reading): JwtConfiguration[] {
  const { errors, cel, ownIssuers } = reading;
  const list = reader.list(root["jwt"], "jwt");
  if (list.length > authenticatorsMax) {
    errors.tooMany("jwt", list.length, authenticatorsMax);
    return [];
  }
  const seen = new Set<string>();
  return list.map((entry, index) => {
    const path = `jwt[${index}]`;
    const mapping = reader.mapping(entry, path, fields);
    const issuer = readIssuer(reader, mapping["issuer"], { path: `${path}.issuer`, errors, ownIssuers });
    for (const [name, url] of [
      ["url", issuer.url],
      ["discoveryURL", issuer.discoveryUrl ?? ""],
    ] as const) {
      if (url !== "" && seen.has(`${name} ${url}`)) errors.duplicate(`${path}.issuer.${name}`, url);
      seen.add(`${name} ${url}`);
    }
    return { issuer, rules: new ClaimRules({ reader, errors, cel }, mapping, path) };
  });
}

function readAnonymous(
  reader: ConfigurationReader,
  value: unknown,
  errors: ConfigurationErrors,
): AnonymousConfiguration | undefined {
  if (value === undefined || value === null) return undefined;
  const mapping = reader.mapping(value, "anonymous", ["enabled", "conditions"]);
  const enabled = reader.boolean(mapping, "enabled", "anonymous");
  const paths = reader.list(mapping["conditions"], "anonymous.conditions").map((condition, index) => {
    const path = `anonymous.conditions[${index}]`;
    return reader.text(reader.mapping(condition, path, ["path"]), "path", path);
  });
  if (!enabled && paths.length > 0) {
    errors.invalid(
      "anonymous.conditions",
      paths.join(","),
      "enabled should be set to true when conditions are defined",
    );
  }
  return { enabled, paths };
}
