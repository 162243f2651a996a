/**
 * The name formats of Kubernetes. Each function returns the texts of what is
 * wrong with a value, none when it is right; lengths count bytes of UTF-8.
 *
 * Source: apimachinery pkg/util/validation/validation.go, pkg/api/validation/generic.go
 * and pkg/api/validation/path/name.go.
 */
import { byteLength } from "./go-format.ts";

const dns1123LabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dns1123SubdomainFormat = `${dns1123LabelFormat}(\\.${dns1123LabelFormat})*`;
const qualifiedNameFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValueFormat = `(${qualifiedNameFormat})?`;
const configMapKeyFormat = "[-._a-zA-Z0-9]+";

const dns1123Label = new RegExp(`^${dns1123LabelFormat}$`);
const dns1123Subdomain = new RegExp(`^${dns1123SubdomainFormat}$`);
const qualifiedName = new RegExp(`^${qualifiedNameFormat}$`);
const labelValue = new RegExp(`^${labelValueFormat}$`);
const configMapKey = new RegExp(`^${configMapKeyFormat}$`);

const labelLengthMax = 63;
const subdomainLengthMax = 253;

function lengthError(lengthMax: number): string {
  return `must be no more than ${lengthMax} characters`;
}

/** The explanation of a pattern; upstream puts a comma and two blanks between examples. */
function patternError(rule: string, format: string, examples: readonly string[]): string {
  const list = examples.map((example) => `'${example}', `).join(" or ");
  return `${rule} (e.g. ${list}regex used for validation is '${format}')`;
}

// The texts are made once: a body may hold hundreds of thousands of bad keys.
const dns1123LabelError = patternError(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " +
    "and must start and end with an alphanumeric character",
  dns1123LabelFormat,
  ["my-name", "123-abc"],
);
const dns1123SubdomainError = patternError(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
    "and must start and end with an alphanumeric character",
  dns1123SubdomainFormat,
  ["example.com"],
);
const qualifiedNameError = patternError(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedNameFormat,
  ["MyName", "my.name", "123-abc"],
);
const labelValueError = patternError(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
    "and must start and end with an alphanumeric character",
  labelValueFormat,
  ["MyValue", "my_value", "12345"],
);
const configMapKeyError = patternError(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  configMapKeyFormat,
  ["key.name", "KEY_NAME", "key-name"],
);

/** A DNS label of RFC 1123: at most 63 of `a-z`, `0-9`, `-`. */
export function dns1123LabelErrors(value: string): string[] {
  const errors = byteLength(value) > labelLengthMax ? [lengthError(labelLengthMax)] : [];
  if (dns1123Label.test(value)) return errors;
  if (dns1123Subdomain.test(value)) return [...errors, "must not contain dots"];
  return [...errors, dns1123LabelError];
}

/** A DNS subdomain of RFC 1123: labels joined by dots, at most 253. */
export function dns1123SubdomainErrors(value: string): string[] {
  const errors = byteLength(value) > subdomainLengthMax ? [lengthError(subdomainLengthMax)] : [];
  if (dns1123Subdomain.test(value)) return errors;
  return [...errors, dns1123SubdomainError];
}

/** A key of a label: a name of at most 63, with an optional DNS subdomain and `/` before it. */
export function qualifiedNameErrors(value: string): string[] {
  const parts = value.split("/", 3);
  const [first = "", second] = parts;
  if (parts.length > 2) {
    const rest = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
    return [`a qualified name ${qualifiedNameError} ${rest}`];
  }
  if (second === undefined) return namePartErrors(first);
  const prefixErrors = first === "" ? ["must be non-empty"] : dns1123SubdomainErrors(first);
  return [...prefixErrors.map((text) => `prefix part ${text}`), ...namePartErrors(second)];
}

function namePartErrors(name: string): string[] {
  const errors: string[] = [];
  if (name === "") errors.push("must be non-empty");
  else if (byteLength(name) > labelLengthMax) errors.push(lengthError(labelLengthMax));
  if (!qualifiedName.test(name)) errors.push(qualifiedNameError);
  return errors.map((text) => `name part ${text}`);
}

/** A value of a label: empty, or at most 63 of alphanumerics, `-`, `_`, `.`. */
export function labelValueErrors(value: string): string[] {
  const errors = byteLength(value) > labelLengthMax ? [lengthError(labelLengthMax)] : [];
  if (labelValue.test(value)) return errors;
  return [...errors, labelValueError];
}

/** A key of a ConfigMap's or a Secret's data: usable as a file name. */
export function configMapKeyErrors(value: string): string[] {
  const errors = byteLength(value) > subdomainLengthMax ? [lengthError(subdomainLengthMax)] : [];
  if (!configMapKey.test(value)) errors.push(configMapKeyError);
  if (value === "." || value === "..") errors.push(`must not be '${value}'`);
  else if (value.startsWith("..")) errors.push("must not start with '..'");
  return errors;
}

/**
 * With a prefix that a generated suffix follows, a trailing dash is fine.
 * Upstream cuts two characters here, not one; kept, because it decides which prefixes pass.
 */
function maskTrailingDash(name: string): string {
  // Two bytes, in fact: a longer character before the dash is cut apart and stays invalid, so it is left alone here.
  return /[\0-\x7f]-$/.test(name) ? `${name.slice(0, -2)}a` : name;
}

/** `metadata.name` as a DNS subdomain; with `prefix`, a generateName. */
export function nameIsDnsSubdomain(name: string, prefix: boolean): string[] {
  return dns1123SubdomainErrors(prefix ? maskTrailingDash(name) : name);
}

/** `metadata.name` as a DNS label; with `prefix`, a generateName. */
export function nameIsDnsLabel(name: string, prefix: boolean): string[] {
  return dns1123LabelErrors(prefix ? maskTrailingDash(name) : name);
}

/** `metadata.name` as any segment of a path (RBAC kinds); with `prefix`, a generateName. */
export function nameIsPathSegment(name: string, prefix: boolean): string[] {
  if (!prefix && (name === "." || name === "..")) return [`may not be '${name}'`];
  return ["/", "%"].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
}
