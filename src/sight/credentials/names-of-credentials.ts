/** Which names say that what they name is a credential: words of a variable, a key, a field or a flag. */

/** How much it says: a password is one; a token, a key or a secret may also be the name of one. */
export type NameStrength = "strong" | "weak" | "none";

/** Words that name a credential by themselves. */
const strongWords: ReadonlySet<string> = new Set([
  "password",
  "passwd",
  "passphrase",
  "passwort",
  "pwd",
  "pass",
  "pw",
  "apikey",
  "accesskey",
  "secretkey",
  "privatekey",
  "authtoken",
  "accesstoken",
  "secret",
  "token",
  "credential",
  "credentials",
]);

/** Words that do so before `key`. */
const keyWords: ReadonlySet<string> = new Set([
  "api",
  "access",
  "secret",
  "private",
  "encryption",
  "signing",
  "auth",
  "account",
  "master",
  "license",
  "app",
  "jwt",
  "session",
  "hmac",
]);

/** A last word that makes it something about a credential, and not the credential. */
const aboutWords: ReadonlySet<string> = new Set(
  (
    "file files filename path paths dir directory folder mount mountpath url uri endpoint host hostname port name names " +
    "namespace id ids ref reference type kind version ttl expiry expires expiration expire timeout age lifetime period " +
    "interval length len size count limit max min policy enabled enable disabled required optional algorithm algo method " +
    "format prefix suffix header field parameter param issuer audience scope scopes provider store backend manager rotation " +
    "reset change update hash checksum digest fingerprint public pub label annotation template selector key hint prompt " +
    "validation regex pattern mode role user username account email class driver engine sync refresh renewal cert certificate"
  ).split(" "),
);

/** `DB_PASSWORD`, `dbPassword`, `db.password` and `db-password` have the same words. */
export function wordsOf(name: string): string[] {
  return name
    .slice(0, 128)
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

/** What a name says of what it names. */
export function nameStrength(name: string): NameStrength {
  const words = wordsOf(name);
  const last = words.at(-1) ?? "";
  const before = words.at(-2) ?? "";
  if (last === "key" || last === "keys") return keyWords.has(before) ? "strong" : "none";
  if (aboutWords.has(last)) return "none";
  if (words.includes("public") || words.includes("existing") || words.includes("checksum")) return "none";
  if (strongWords.has(last)) return last === "token" && before === "next" ? "none" : "strong";
  const joined = words.join("");
  if (/(?:password|passwd|apikey|secretkey|accesstoken|authtoken|privatekey)[0-9]*$/.test(joined)) return "strong";
  return words.some((word) => word === "password" || word === "secret" || word === "token") ? "weak" : "none";
}

/** Whether it may as well be the name of an object that holds the credential, as in `secret: db-credentials`. */
export function namesReference(name: string): boolean {
  return /^(?:secrets?|credentials?)$/.test(wordsOf(name).at(-1) ?? "");
}
