/** Whose a credential is, by what it says itself; nothing is asked of anybody. */
import { X509Certificate } from "node:crypto";
import { isPlaceholder } from "./placeholders.ts";
import { field, listField, textField } from "../facts/json-fields.ts";

/** The account of an AWS access key: it is in the id, in base 32. "" for ids of the older form. */
export function awsAccountOf(keyId: string): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = 0n;
  for (const letter of keyId.slice(4, 14)) {
    const value = digits.indexOf(letter);
    if (value < 0) return "";
    bits = (bits << 5n) | BigInt(value);
  }
  // 50 bits; the first 48 are six bytes, of which bits 7 to 46 are the account.
  const account = ((bits >> 2n) & 0x7fffffffff80n) >> 7n;
  return account === 0n || account > 999_999_999_999n ? "" : String(account).padStart(12, "0");
}

/** What a JWT says of itself, without its signature being looked at. */
export interface JwtClaims {
  readonly algorithm: string;
  readonly issuer: string;
  readonly subject: string;
  /** Seconds since 1970; undefined for none. */
  readonly expires: number | undefined;
}

/** Undefined for what is no JWT. */
export function jwtClaims(token: string): JwtClaims | undefined {
  const [head = "", body = ""] = token.split(".");
  const [header, claims] = [jsonOf(head), jsonOf(body)];
  if (typeof header !== "object" || typeof claims !== "object" || claims === null) return undefined;
  const expires = field(claims, "exp");
  return {
    algorithm: textField(header, "alg"),
    issuer: textField(claims, "iss"),
    subject: textField(claims, "sub") || textField(claims, "kubernetes.io/serviceaccount/service-account.name"),
    expires: typeof expires === "number" && Number.isFinite(expires) ? expires : undefined,
  };
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined; // it is no JWT then, which is an answer
  }
}

/** `subject X by issuer Y`. */
export function jwtIdentity({ subject, issuer }: JwtClaims): string {
  return [subject === "" ? "" : `subject ${shown(subject)}`, issuer === "" ? "" : `issued by ${shown(issuer)}`]
    .filter((part) => part !== "")
    .join(", ");
}

/** The subject of the first certificate of a text; "" where there is none that can be read. */
export function certificateSubject(pem: string): string {
  const certificate = firstCertificate(pem);
  return certificate === undefined ? "" : shown(certificate.subject.replaceAll("\n", ", "));
}

/** Undefined where there is none that can be read. */
export function firstCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined; // whatever is wrong with it, there is no subject
  }
}

/** A login of a dockerconfigjson, or of the older form. */
export interface RegistryLogin {
  readonly registry: string;
  readonly user: string;
  /** Whether there is a password that does not only stand for one. */
  readonly filled: boolean;
}

export function registriesOf(config: unknown): RegistryLogin[] {
  const auths = field(config, "auths") ?? config;
  if (typeof auths !== "object" || auths === null) return [];
  return Object.entries(auths).flatMap(([registry, entry]: [string, unknown]) => {
    if (typeof entry !== "object" || entry === null) return [];
    const auth = Buffer.from(textField(entry, "auth"), "base64").toString("utf8");
    const colon = auth.indexOf(":");
    const user = textField(entry, "username") || (colon < 0 ? "" : auth.slice(0, colon));
    const password = textField(entry, "password") || (colon < 0 ? auth : auth.slice(colon + 1));
    return [{ registry, user, filled: password !== "" && !isPlaceholder(password) }];
  });
}

/** The users of a kubeconfig, and where they go. */
export interface KubeconfigUser {
  readonly name: string;
  /** How it proves who it is; "" for what holds no credential. */
  readonly proof: "client-key" | "token" | "password" | "";
  /** PEM; "" for none. */
  readonly certificate: string;
}

/** Of one that was parsed. */
export function kubeconfigUsers(config: unknown): {
  readonly servers: readonly string[];
  readonly users: readonly KubeconfigUser[];
} {
  const isConfig = textField(config, "kind") === "Config" || listField(config, "clusters").length > 0;
  if (!isConfig) return { servers: [], users: [] };
  const servers = listField(config, "clusters").map((cluster) => textField(cluster, "cluster", "server"));
  const users = listField(config, "users").map((each): KubeconfigUser => {
    const user = field(each, "user");
    const certificate = Buffer.from(textField(user, "client-certificate-data"), "base64").toString("utf8");
    const has = (name: string) => textField(user, name) !== "";
    const proof = has("client-key-data") ? "client-key" : has("token") ? "token" : has("password") ? "password" : "";
    return { name: textField(each, "name"), proof, certificate };
  });
  return { servers: servers.filter((server) => server !== ""), users };
}

/** Identities come from whoever wrote the credential. */
function shown(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
