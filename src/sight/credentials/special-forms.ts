/** Forms that several issuers share: keys in PEM, JSON Web Tokens, passwords in URLs, headers. Each is tried at one place. */
import { entropyOf } from "./entropy.ts";
import type { Liveness } from "./credential.ts";
import type { Hit } from "./hit.ts";
import { jwtClaims, jwtIdentity } from "./identities.ts";
import { isGuessable, isPlaceholder } from "./placeholders.ts";

const pem = /-----BEGIN ((?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?)-----/y;
const jwt = /eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{2,16384}\.[A-Za-z0-9_-]{0,2048}/y;
const userInfo = /:\/\/([^\s/:@"'<>`?#]{0,128}):([^\s/@"'<>`?#]{1,256})@([A-Za-z0-9.-]{1,253})/y;
const schemeCharacter = /[A-Za-z0-9+.-]/;
const authorization = /(?:basic|bearer) {1,4}([A-Za-z0-9+/=_.~-]{12,2048})/iy;
const pemMax = 16_384;

/** A private key; `keywordStart` is where `private key` stands in its first line. */
export function privateKeyAt(text: string, keywordStart: number): Hit | undefined {
  const head = text.slice(Math.max(0, keywordStart - 24), keywordStart);
  const begin = head.lastIndexOf("-----BEGIN ");
  if (begin < 0) return undefined;
  const start = keywordStart - head.length + begin;
  pem.lastIndex = start;
  const kind = pem.exec(text)?.[1];
  if (kind === undefined) return undefined;
  const whole = text.slice(start, start + pemMax);
  const end = whole.indexOf("-----", kind.length + 16); // of the next line of dashes, whatever it says
  const value = end < 0 ? whole : whole.slice(0, end);
  if (!/[A-Za-z0-9+/=]{8}/.test(value.slice(kind.length + 16))) return undefined; // a first line without a key
  const locked = kind.startsWith("ENCRYPTED") || value.includes("Proc-Type: 4,ENCRYPTED");
  const title = locked ? "a private key, encrypted with a passphrase" : "a private key";
  const rule = locked ? "private-key-encrypted" : "private-key";
  return { rule, title, certainty: "certain", sensitivity: locked ? 0.3 : 0.8, value, start };
}

/** A token of three parts, the first two of which are JSON. */
export function jwtAt(text: string, start: number, now: number | undefined): Hit | undefined {
  if (start > 0 && /[A-Za-z0-9_.-]/.test(text[start - 1]!)) return undefined;
  jwt.lastIndex = start;
  const value = jwt.exec(text)?.[0];
  const claims = value === undefined ? undefined : jwtClaims(value);
  if (value === undefined || claims === undefined) return undefined;
  const account = claims.subject.startsWith("system:serviceaccount:") || claims.issuer === "kubernetes/serviceaccount";
  const title = account ? "a token of a ServiceAccount" : "a JSON Web Token";
  const rule = account ? "service-account-token" : "jwt";
  const about = { identity: jwtIdentity(claims), liveness: livenessOf(claims.expires, now) };
  return { rule, title, certainty: "certain", sensitivity: account ? 0.9 : 0.6, value, start, ...about };
}

function livenessOf(expires: number | undefined, now: number | undefined): Liveness {
  if (expires === undefined) return "unlimited";
  return now !== undefined && expires * 1000 < now ? "expired" : "dated";
}

/** `SCHEME://USER:PASSWORD@HOST`; `start` is where `://` stands. */
export function urlAt(text: string, start: number): Hit | undefined {
  userInfo.lastIndex = start;
  const [, user = "", value = "", host = ""] = userInfo.exec(text) ?? [];
  if (
    value === "" ||
    isPlaceholder(value) ||
    (user !== "" && isPlaceholder(user)) ||
    /^(?:www\.)?example\.(?:com|org|net)$/.test(host)
  ) {
    return undefined;
  }
  const certainty = isGuessable(value) ? "guessable" : "likely";
  const title = `a password in a URL of ${schemeBefore(text, start)}`;
  const identity = user === "" ? `at ${host}` : `user ${user} at ${host}`;
  return { rule: "password-in-url", title, certainty, sensitivity: 0.7, value, start, identity };
}

function schemeBefore(text: string, end: number): string {
  let start = end;
  while (start > 0 && end - start < 20 && schemeCharacter.test(text[start - 1]!)) start--;
  const scheme = text.slice(start, end);
  return /^[a-z][a-z0-9+.-]*$/i.test(scheme) ? scheme : "some service";
}

/** `Basic ...` or `Bearer ...`. */
export function authorizationAt(text: string, start: number): Hit | undefined {
  if (start > 0 && /[A-Za-z0-9_]/.test(text[start - 1]!)) return undefined;
  authorization.lastIndex = start;
  const value = authorization.exec(text)?.[1];
  if (value === undefined || isPlaceholder(value) || value.startsWith("eyJ")) return undefined;
  const about = { rule: "authorization-header", sensitivity: 0.6, value, start };
  if (text[start + 1]?.toLowerCase() !== "a") {
    if (entropyOf(value) < 3.5 || !/[0-9]/.test(value)) return undefined;
    return { ...about, title: "a bearer token in a header", certainty: "likely" };
  }
  const [, user, password] =
    /^([\x21-\x39\x3b-\x7e]{1,128}):([\x20-\x7e]+)$/.exec(Buffer.from(value, "base64").toString("latin1")) ?? [];
  if (user === undefined || password === undefined || isPlaceholder(password)) return undefined;
  const certainty = isGuessable(password) ? "guessable" : "likely";
  return { ...about, title: "a user and a password in a header", certainty, identity: `user ${user}` };
}
