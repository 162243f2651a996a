/**
 * Finds credentials in a text: first by words, in one pass; then by forms, at those words only; then in what the text is
 * once it is decoded. Work is bounded by the length of the text whatever it is.
 */
import { readAssignment, valueMax } from "./assignments.ts";
import { entropyOf } from "./entropy.ts";
import type { Credential, Examination, ExaminedText } from "./credential.ts";
import {
  decodeBase64,
  decodedBytesMax,
  gunzipBounded,
  isGzip,
  parseJson,
  parseKubeconfig,
  textOf,
} from "./decoders.ts";
import { fingerprintOfProcess } from "./fingerprint.ts";
import type { Fingerprinter } from "./fingerprint.ts";
import { memberPath } from "./field-path.ts";
import type { Hit } from "./hit.ts";
import { awsAccountOf, certificateSubject, kubeconfigUsers, registriesOf } from "./identities.ts";
import type { RegistryLogin } from "./identities.ts";
import { decodedValue, judgeValue } from "./judge-value.ts";
import { KeywordSearch } from "./keyword-search.ts";
import { nameStrength } from "./names-of-credentials.ts";
import { providerRules } from "./provider-rules.ts";
import { authorizationAt, jwtAt, privateKeyAt, urlAt } from "./special-forms.ts";

/** More of a text is not looked at. */
export const textCharactersMax = 4 * 1024 * 1024;
export const depthMax = 3;
const foundMax = 200;

export interface FindOptions {
  readonly fingerprint?: Fingerprinter;
  /** Milliseconds since 1970, by which what is dated is found to be expired. */
  readonly now?: number;
}

/** The credentials of a text, each form and value once. Never raises, whatever the text is. */
export function findCredentials(examined: ExaminedText, options: FindOptions = {}): Examination {
  const finder = new Finder(options);
  finder.examine(examined.name, examined.text, { within: "", depth: 0 });
  return { credentials: finder.found, complete: finder.complete };
}

/** Words that mark a name of a credential; where one is, an assignment is read. */
const nameKeywords = [
  "passw",
  "passphrase",
  "pwd",
  "secret",
  "token",
  "apikey",
  "api_key",
  "api-key",
  "accesskey",
  "access_key",
  "access-key",
  "privatekey",
  "private_key",
  "credential",
  "_pass",
  "-pass",
  "encryption_key",
  "signing_key",
];

type Special = "name" | "pem" | "jwt" | "url" | "authorization";
const specials: readonly (readonly [word: string, what: Special])[] = [
  ...nameKeywords.map((word) => [word, "name"] as const),
  ["private key", "pem"],
  ["eyj", "jwt"],
  ["://", "url"],
  ["basic ", "authorization"],
  ["bearer ", "authorization"],
];
const search = new KeywordSearch([...providerRules.map(({ keyword }) => keyword), ...specials.map(([word]) => word)]);

const tokenCharacter = /[A-Za-z0-9_]/;

interface Place {
  readonly within: string;
  readonly depth: number;
}

class Finder {
  readonly found: Credential[] = [];
  complete = true;
  readonly #fingerprint: Fingerprinter;
  readonly #now: number | undefined;
  /** Places in `found` by fingerprint. */
  readonly #seen = new Map<string, number>();
  #decodedBytes = 0;

  constructor({ fingerprint = fingerprintOfProcess, now }: FindOptions) {
    this.#fingerprint = fingerprint;
    this.#now = now;
  }

  examine(name: string, whole: string, place: Place): void {
    if (whole.length > textCharactersMax) this.complete = false;
    const text = whole.length > textCharactersMax ? whole.slice(0, textCharactersMax) : whole;
    const json = place.depth < depthMax ? parseJson(text) : undefined;
    if (json !== undefined) return this.#examineJson(json, place);
    const config = place.depth < depthMax ? parseKubeconfig(text) : undefined;
    if (config !== undefined && this.#examineKubeconfig(config, place)) return;
    const before = this.found.length;
    this.#search(text, place);
    if (this.found.length === before) this.#judgeNamed(name, text, place);
    if (place.depth < depthMax) this.#decode(name, text, place);
    else if (text.length > 64 && decodeBase64(text)?.by === "base64") this.complete = false;
  }

  #search(text: string, place: Place): void {
    let nameEnd = 0;
    search.search(text, (word, start) => {
      if (this.found.length >= foundMax) {
        this.complete = false;
        return false;
      }
      if (word < providerRules.length) this.#tryProvider(word, text, start, place);
      else {
        const what = specials[word - providerRules.length]![1]; // one for each word
        if (what !== "name") this.#trySpecial(what, text, start, place);
        else if (start >= nameEnd) nameEnd = this.#tryAssignment(text, start, place);
      }
      return true;
    });
  }

  #tryProvider(number: number, text: string, keywordStart: number, place: Place): void {
    const { id, title, pattern, before, sensitivity, entropyMin } = providerRules[number]!; // numbered by the caller
    const start = keywordStart - before;
    if (start < 0 || (start > 0 && tokenCharacter.test(text[start - 1]!))) return;
    pattern.lastIndex = start;
    const value = pattern.exec(text)?.[0];
    if (value === undefined || entropyOf(value) < entropyMin || standsForToken(value)) return;
    const account = id.startsWith("aws-") ? awsAccountOf(value) : "";
    const identity = account === "" ? {} : { identity: `AWS account ${account}` };
    this.#add({ rule: id, title, certainty: "certain", sensitivity, value, start, ...identity }, text, place);
  }

  #trySpecial(what: Exclude<Special, "name">, text: string, start: number, place: Place): void {
    const hit = specialAt(what, text, start, this.#now);
    if (hit !== undefined) this.#add(hit, text, place);
  }

  /** Answers up to where it was read, so that nothing is read twice as a name. */
  #tryAssignment(text: string, start: number, place: Place): number {
    const { name, nameEnd, value, valueStart } = readAssignment(text, start);
    if (value === "") return nameEnd;
    const hit = judgeValue(name, value);
    if (hit !== undefined) {
      this.#add({ ...hit, value, start: valueStart }, text, place);
      return valueStart + value.length;
    }
    if (place.depth < depthMax && nameStrength(name) !== "none" && value.length < valueMax) {
      const decoded = decodedValue(value);
      const inner = decoded === undefined ? undefined : judgeValue(name, decoded);
      if (inner !== undefined && decoded !== undefined) {
        const within = join(place.within, name, "base64");
        this.#add({ ...inner, value: decoded, start: 0 }, "", { within, depth: place.depth + 1 });
      }
    }
    return nameEnd;
  }

  /** The text as the value of its name. */
  #judgeNamed(name: string, text: string, place: Place): void {
    if (name === "" || text.length > valueMax || /\n./.test(text)) return;
    const value = text.trim();
    const hit = judgeValue(name, value);
    if (hit !== undefined) this.#add({ ...hit, value, start: 0 }, text, place);
  }

  #decode(name: string, text: string, place: Place): void {
    const decoded = decodeBase64(text);
    if (decoded !== undefined)
      this.#examineBytes(name, decoded.bytes, { within: join(place.within, decoded.by), depth: place.depth + 1 });
  }

  #examineBytes(name: string, bytes: Buffer, place: Place): void {
    if (!this.#spend(bytes.length)) return;
    if (!isGzip(bytes)) {
      const text = textOf(bytes);
      if (text !== undefined && text.length > 0) this.examine(name, text, place);
      return;
    }
    const plain = gunzipBounded(bytes, decodedBytesMax - this.#decodedBytes);
    if (plain === undefined || !this.#spend(plain.length)) {
      this.complete = false;
      return;
    }
    const text = textOf(plain);
    const inner = { within: join(place.within, "gzip"), depth: place.depth };
    if (text !== undefined) this.examine(name, text, inner);
  }

  /** What is decoded counts, however deep it was. */
  #spend(bytes: number): boolean {
    this.#decodedBytes += bytes;
    if (this.#decodedBytes > decodedBytesMax) this.complete = false;
    return this.#decodedBytes <= decodedBytesMax;
  }

  /** Every text of it with its name. What was found in the text as a whole is not found again. */
  #examineJson(json: object, place: Place): void {
    if (this.#examineKubeconfig(json, place)) return;
    for (const { registry, user } of dockerEntries(json)) {
      const identity = `user ${user} of ${registry}`;
      const value = JSON.stringify(json);
      const title = "a login to a registry of images";
      const about = { rule: "registry-login", title, certainty: "certain", sensitivity: 0.8 } as const;
      this.#add({ ...about, value: `${registry} ${value}`, start: 0, identity }, "", {
        ...place,
        within: memberPath(place.within, registry),
      });
    }
    const waiting: { readonly value: unknown; readonly path: string; readonly name: string; readonly deep: number }[] =
      [{ value: json, path: place.within, name: "", deep: 0 }];
    for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
      const { value, path, name, deep } = each;
      if (typeof value === "string") this.#examineMember(name, value, { within: path, depth: place.depth + 1 });
      else if (typeof value === "object" && value !== null) {
        if (deep > 60) this.complete = false;
        else {
          for (const [key, inner] of Object.entries(value)) {
            const member = Array.isArray(value) ? `${path}[${key}]` : memberPath(path, key);
            waiting.push({ value: inner, path: member, name: Array.isArray(value) ? name : key, deep: deep + 1 });
          }
        }
      }
    }
  }

  #examineMember(name: string, value: string, place: Place): void {
    if (value.length < 4 || this.found.length >= foundMax) return;
    if (value.length > 200 || place.depth > depthMax) {
      if (place.depth <= depthMax) this.examine(name, value, place);
      return;
    }
    this.#search(value, place);
    this.#judgeNamed(name, value, place);
    if (nameStrength(name) !== "none") {
      const decoded = decodedValue(value);
      if (decoded !== undefined) {
        this.#judgeNamed(name, decoded, { within: join(place.within, "base64"), depth: place.depth });
      }
    }
  }

  #examineKubeconfig(config: unknown, place: Place): boolean {
    const { servers, users } = kubeconfigUsers(config);
    for (const { name, proof, certificate } of users) {
      if (proof === "") continue;
      const subject = certificateSubject(certificate);
      const who = [
        `user ${name}`,
        subject === "" ? "" : `certified as ${subject}`,
        servers[0] === undefined ? "" : `at ${servers[0]}`,
      ];
      const identity = who.filter((part) => part !== "").join(", ");
      const about = {
        rule: "kubeconfig",
        title: `a kubeconfig with a ${proof.replace("-", " ")}`,
        certainty: "certain",
        sensitivity: 0.9,
      } as const;
      this.#add({ ...about, value: `${name} ${JSON.stringify(config)}`, start: 0, identity }, "", {
        ...place,
        within: join(place.within, `users[${name}]`),
      });
    }
    return users.length > 0;
  }

  #add(hit: Hit, text: string, { within }: Place): void {
    if (this.found.length >= foundMax) return;
    const { rule, title, certainty, sensitivity, value, start, identity = "", liveness = "unknown" } = hit;
    const fingerprint = this.#fingerprint(value);
    const known = this.#seen.get(fingerprint);
    // One value is one credential: the form of an issuer says more than the name it stands under.
    if (known !== undefined && (certainty !== "certain" || this.found[known]?.certainty === "certain")) return;
    const place = known ?? this.found.length;
    this.#seen.set(fingerprint, place);
    const line = within === "" && text !== "" ? lineOf(text, start) : 0;
    this.found[place] = {
      rule,
      title,
      certainty,
      sensitivity,
      within,
      line,
      identity: identity.slice(0, 400),
      liveness,
      fingerprint,
    };
  }
}

function specialAt(
  what: Exclude<Special, "name">,
  text: string,
  start: number,
  now: number | undefined,
): Hit | undefined {
  switch (what) {
    case "pem":
      return privateKeyAt(text, start);
    case "jwt":
      return jwtAt(text, start, now);
    case "url":
      return urlAt(text, start);
    case "authorization":
      return authorizationAt(text, start);
    default:
      return what satisfies never;
  }
}

/** `ghp_xxxx...` and the like, as documentation has them. */
function standsForToken(value: string): boolean {
  return /(?:example|xxxxx|00000|12345678901|abcdefghij|your)/i.test(value);
}

function dockerEntries(json: object): RegistryLogin[] {
  const isConfig =
    Object.hasOwn(json, "auths") ||
    Object.values(json).some((entry) => typeof entry === "object" && entry !== null && Object.hasOwn(entry, "auth"));
  return isConfig
    ? registriesOf(json)
        .filter(({ user, filled }) => user !== "" && filled)
        .slice(0, 50)
    : [];
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(", ");
}

function lineOf(text: string, place: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < place; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
