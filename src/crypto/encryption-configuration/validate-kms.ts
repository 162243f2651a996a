/** The rules for a provider that asks a plugin. Source: as validate-encryption-configuration.ts, validateKMSConfiguration. */
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { localProviderName } from "../kms-v2/kms-v2-transformer.ts";
import { socketPathOf } from "../kms/kms-endpoint.ts";
import { invalid, required } from "./configuration-problem.ts";
import type { ConfigurationProblem } from "./configuration-problem.ts";
import type { KmsConfiguration } from "./encryption-configuration.ts";

/** `names` are those of the providers before it. */
export function validateKms(
  kms: KmsConfiguration,
  field: string,
  names: ReadonlySet<string>,
): readonly ConfigurationProblem[] {
  return [
    ...validateName(kms, `${field}.name`, names),
    ...(kms.timeoutMs > 0
      ? []
      : [invalid(`${field}.timeout`, `${kms.timeoutMs / 1000}s`, "timeout should be a positive value")]),
    ...validateEndpoint(kms.endpoint, `${field}.endpoint`),
    ...validateCacheSize(kms, `${field}.cachesize`),
    ...validateApiVersion(kms.apiVersion, `${field}.apiVersion`),
  ];
}

/** What is in order, but not for this server; undefined for what this server takes. */
export function refuseKms(
  { apiVersion, name, endpoint }: KmsConfiguration,
  field: string,
): ConfigurationProblem | undefined {
  if (apiVersion === "v1") return invalid(`${field}.apiVersion`, apiVersion, v1Text);
  if (name === localProviderName) return invalid(`${field}.name`, name, ownNameText);
  if (!/^[!-9;-~]{1,253}$/.test(name))
    return invalid(`${field}.name`, name, "must be 1 to 253 printable ASCII characters");
  try {
    socketPathOf(endpoint);
    return undefined;
  } catch (error) {
    if (!isStrongroomError(error, "invalid")) throw error;
    return invalid(`${field}.endpoint`, endpoint, error.message);
  }
}

/** The first two sentences are upstream's, which goes on with a feature gate that there is not here. */
const v1Text =
  "KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead. " +
  "It asks its plugin for every record that is written, and is not supported here.";

/** Its records would look like those of the plugin. */
const ownNameText = "must be another name: this one is that of the server's own envelope";

function validateName(
  { apiVersion, name }: KmsConfiguration,
  field: string,
  names: ReadonlySet<string>,
): readonly ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  if (name === "") problems.push(required(field, "name is a mandatory field for a provider"));
  if (apiVersion !== "v1" && name.includes(":")) {
    problems.push(invalid(field, name, `invalid KMS provider name ${name}, must not contain ':'`));
  }
  if (names.has(name)) {
    problems.push(invalid(field, name, `duplicate KMS provider name ${name}, names must be unique`));
  }
  return problems;
}

function validateEndpoint(endpoint: string, field: string): readonly ConfigurationProblem[] {
  if (endpoint === "") return [invalid(field, "", "endpoint is a mandatory field for a kms")];
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(endpoint)?.[1]?.toLowerCase() ?? "";
  if (scheme === "unix") return [];
  return [invalid(field, endpoint, `unsupported scheme "${scheme}" for KMS provider, only unix is supported`)];
}

function validateCacheSize(
  { apiVersion, cacheSize }: KmsConfiguration,
  field: string,
): readonly ConfigurationProblem[] {
  if (cacheSize === undefined) return [];
  if (apiVersion !== "v1") return [invalid(field, cacheSize, "cachesize is not supported in v2")];
  if (cacheSize !== 0) return [];
  return [invalid(field, cacheSize, "cachesize should be a positive value, or negative to disable")];
}

function validateApiVersion(apiVersion: string, field: string): readonly ConfigurationProblem[] {
  if (apiVersion === "v1" || apiVersion === "v2") return [];
  return [
    invalid(
      field,
      apiVersion,
      "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported", // the slip is upstream's
    ),
  ];
}
