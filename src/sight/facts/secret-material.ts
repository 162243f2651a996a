/**
 * What is kept of a text that may be secret: never the text, only a keyed fingerprint, by which equal values are found
 * to be equal, of which kind of credential it is, and whose.
 */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { credentialIn } from "../credentials/credential-in.ts";
import type { CredentialKind } from "../credentials/credential-in.ts";
import { identityIn } from "./credential-identity.ts";
import type { CredentialIdentity } from "./credential-identity.ts";

/** A text that was looked at, without the text. */
export interface MaterialMark {
  /** Where it stands: the name of a key, or the path of a field. */
  readonly name: string;
  /** Equal for equal texts under one key; "" for texts that are too short to tell anything. */
  readonly fingerprint: string;
  readonly credential: CredentialKind | undefined;
  /** Whom the credential stands for, when it says so itself. */
  readonly identity: CredentialIdentity | undefined;
}

/** Shorter texts are equal by chance too often. */
export const fingerprintedBytesMin = 8;

/** 72 bits: two of a million values are mistaken for each other with a probability of 1 in 10^10. */
const fingerprintBytes = 9;

/** Marks texts under one key: fingerprints of two marks of one key can be compared, others cannot. */
export class SecretMaterial {
  static #shared: SecretMaterial | undefined;
  /** A `KeyObject`: with raw bytes an Hmac takes five times as long. */
  readonly #key: KeyObject;

  /** Whoever has `key` can try values: it must be random, as it is where none is given. */
  constructor(key: Uint8Array = randomBytes(32)) {
    this.#key = createSecretKey(key);
  }

  /** Under a key that is made when it is first asked for, and ends with the process. */
  static ofThisProcess(): SecretMaterial {
    SecretMaterial.#shared ??= new SecretMaterial(randomBytes(32));
    return SecretMaterial.#shared;
  }

  /** `name` says where the text stands, `word` under which word. */
  mark(name: string, text: string, word: string = name): MaterialMark {
    const credential = credentialIn(text, word);
    return { name, fingerprint: this.fingerprint(Buffer.from(text)), credential, identity: identityIn(text) };
  }

  /** As `mark`, of texts that are credentials; others are most of what there is, and nothing is kept of them. */
  marksOfCredentials(texts: Iterable<{ readonly name: string; readonly text: string; readonly word: string }>) {
    const marks: MaterialMark[] = [];
    for (const { name, text, word } of texts) {
      const [credential, identity] = [credentialIn(text, word), identityIn(text)];
      if (credential === undefined && identity === undefined) continue;
      marks.push({ name, fingerprint: this.fingerprint(Buffer.from(text)), credential, identity });
    }
    return marks;
  }

  /** Of the bytes without space around them, since files end with a new line and variables do not. */
  fingerprint(value: Uint8Array): string {
    const text = Buffer.from(value).toString("latin1").trim();
    if (text.length < fingerprintedBytesMin) return "";
    const digest = createHmac("sha256", this.#key).update(text, "latin1").digest();
    return digest.subarray(0, fingerprintBytes).toString("base64url");
  }
}
