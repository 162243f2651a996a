/**
 * Where the values of Secrets end: what passes here has names of keys, sizes and, if asked for, keyed fingerprints.
 *
 * Whoever decodes an object calls this before anything else sees it.
 */
import { createHmac } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { field, fieldNames, textField } from "../facts/json-fields.ts";

/** What stands for a value. */
export interface StrippedValue {
  readonly sizeBytes: number;
  /** "" where none was asked for. */
  readonly fingerprint: string;
}

/** Turns the bytes of a value into a text that is equal for equal values, and tells nothing else without the key. */
export type Fingerprint = (value: Buffer) => string;

const fingerprintBytes = 9;

/**
 * Fingerprints by HMAC-SHA-256, cut to 72 bits: two of a million values are mistaken for each other with a probability of
 * 1 in 10^10. Values that can be guessed are safe as long as the key is: it must be random, and is kept in no fact.
 */
export function keyedFingerprint(key: KeyObject): Fingerprint {
  return (value) =>
    createHmac("sha256", key).update(value).digest().subarray(0, fingerprintBytes).toString("base64url");
}

/** Other places of a Secret that repeat its values, such as the annotation of `kubectl apply`, are left out too. */
const accountAnnotation = "kubernetes.io/service-account.name";

/**
 * A Secret with what stands for its values ({@link StrippedValue}), and with its name, type, age and account only; any
 * other object as it is.
 */
export function withoutValues(value: unknown, fingerprint?: Fingerprint): unknown {
  if (textField(value, "kind") !== "Secret") return value;
  return {
    apiVersion: field(value, "apiVersion"),
    kind: "Secret",
    type: field(value, "type"),
    metadata: {
      name: field(value, "metadata", "name"),
      namespace: field(value, "metadata", "namespace"),
      resourceVersion: field(value, "metadata", "resourceVersion"),
      creationTimestamp: field(value, "metadata", "creationTimestamp"),
      annotations: { [accountAnnotation]: textField(value, "metadata", "annotations", accountAnnotation) },
    },
    data: stripped(value, "data", "base64", fingerprint),
    stringData: stripped(value, "stringData", "utf8", fingerprint),
  };
}

function stripped(
  value: unknown,
  name: string,
  encoding: "base64" | "utf8",
  fingerprint: Fingerprint | undefined,
): Readonly<Record<string, StrippedValue>> {
  const entries = fieldNames(value, name).map((key): [string, StrippedValue] => {
    const bytes = Buffer.from(textField(value, name, key), encoding);
    return [key, { sizeBytes: bytes.length, fingerprint: fingerprint?.(bytes) ?? "" }];
  });
  return Object.fromEntries(entries);
}
