/** The issuer of a JWT authenticator. Source: apiserver pkg/apis/apiserver/validation/validation.go (validateIssuer). */
import { X509Certificate } from "node:crypto";
import type { ConfigurationErrors } from "./configuration-errors.ts";
import type { ConfigurationReader } from "./configuration-reader.ts";

export interface Issuer {
  /** As tokens name it. */
  readonly url: string;
  /** Where its document is, if not below `url`. */
  readonly discoveryUrl: string | undefined;
  /** PEM; undefined: those that the system trusts. */
  readonly certificateAuthority: string | undefined;
  /** A token for one of them counts. */
  readonly audiences: readonly string[];
}

interface Reading {
  readonly path: string;
  readonly errors: ConfigurationErrors;
  readonly ownIssuers: readonly string[];
}

const fields = [
  "url",
  "discoveryURL",
  "certificateAuthority",
  "audiences",
  "audienceMatchPolicy",
  "egressSelectorType",
];

export function readIssuer(reader: ConfigurationReader, value: unknown, reading: Reading): Issuer {
  const { path, errors, ownIssuers } = reading;
  const mapping = reader.mapping(value, path, fields);
  const [url, discoveryUrl] = [reader.text(mapping, "url", path), reader.text(mapping, "discoveryURL", path)];
  if (url === "") errors.required(`${path}.url`);
  else checkUrl(url, `${path}.url`, errors, ownIssuers);
  if (discoveryUrl !== "") checkDiscovery(url, discoveryUrl, `${path}.discoveryURL`, errors);
  const audiences = reader.texts(mapping["audiences"], `${path}.audiences`);
  checkAudiences(audiences, reader.text(mapping, "audienceMatchPolicy", path), path, errors);
  const authority = reader.text(mapping, "certificateAuthority", path);
  if (authority !== "" && !isCertificate(authority)) {
    errors.invalid(`${path}.certificateAuthority`, "<omitted>", "must have certificates in PEM");
  }
  if (reader.text(mapping, "egressSelectorType", path) !== "") {
    errors.texts.push(`${path}.egressSelectorType: Forbidden: this server has no egress selectors`);
  }
  return {
    url,
    discoveryUrl: discoveryUrl === "" ? undefined : discoveryUrl,
    certificateAuthority: authority === "" ? undefined : authority,
    audiences,
  };
}

function checkDiscovery(url: string, discoveryUrl: string, path: string, errors: ConfigurationErrors): void {
  const trimmed = (text: string) => text.replace(/\/+$/, "");
  if (url !== "" && trimmed(url) === trimmed(discoveryUrl)) {
    errors.invalid(path, discoveryUrl, "discoveryURL must be different from URL");
  }
  checkUrl(discoveryUrl, path, errors, []);
}

function checkUrl(text: string, path: string, errors: ConfigurationErrors, disallowed: readonly string[]): void {
  if (disallowed.includes(text)) {
    errors.invalid(path, text, `URL must not overlap with disallowed issuers: [${disallowed.toSorted().join(" ")}]`);
  }
  if (!URL.canParse(text)) return errors.invalid(path, text, "must be a URL");
  const url = new URL(text);
  if (url.protocol !== "https:") errors.invalid(path, text, "URL scheme must be https");
  if (url.username !== "" || url.password !== "") {
    errors.invalid(path, text, "URL must not contain a username or password");
  }
  if (url.search !== "") errors.invalid(path, text, "URL must not contain a query");
  if (url.hash !== "") errors.invalid(path, text, "URL must not contain a fragment");
}

function checkAudiences(audiences: readonly string[], policy: string, path: string, errors: ConfigurationErrors): void {
  if (audiences.length === 0) return errors.required(`${path}.audiences`, `at least one ${path}.audiences is required`);
  audiences.forEach((audience, index) => {
    if (audience === "") errors.required(`${path}.audiences[${index}]`);
    else if (audiences.indexOf(audience) < index) errors.duplicate(`${path}.audiences[${index}]`, audience);
  });
  const at = `${path}.audienceMatchPolicy`;
  if (audiences.length > 1 && policy !== "MatchAny") {
    errors.invalid(at, policy, "audienceMatchPolicy must be MatchAny for multiple audiences");
  }
  if (audiences.length === 1 && policy !== "" && policy !== "MatchAny") {
    errors.invalid(at, policy, "audienceMatchPolicy must be empty or MatchAny for single audience");
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false; // told as an error of the field
  }
}
