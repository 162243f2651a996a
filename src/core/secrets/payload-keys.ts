/** Which keys a payload has, and what changed between two of them: names and sizes, never values. */
import type { Payload } from "./canonical-secret.ts";

export interface PayloadKey {
  readonly name: string;
  /** Of the value, decoded. */
  readonly sizeBytes: number;
}

export interface KeyChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** The values of a payload as the standard base64 of their bytes, by key. */
export type EncodedValues = ReadonlyMap<string, string>;

/** Reads a payload of the form `map`; its bytes are what Secrets stored, checked when they were written. */
export function encodedValues({ bytes }: Payload): EncodedValues {
  // Written as compact JSON of an object from key to base64; a Map, because keys may be `__proto__`.
  return new Map(Object.entries(JSON.parse(bytes.toString("utf8")) as Record<string, string>));
}

/** The keys in their stored order, by bytes. */
export function payloadKeys(values: EncodedValues): PayloadKey[] {
  return [...values].map(([name, text]) => ({ name, sizeBytes: decodedLength(text) }));
}

/** What is other in `next`; of a first payload, everything is added. */
export function keyChanges(previous: EncodedValues, next: EncodedValues): KeyChanges {
  const names = [...next.keys()];
  return {
    added: names.filter((name) => !previous.has(name)),
    changed: names.filter((name) => previous.has(name) && previous.get(name) !== next.get(name)),
    removed: [...previous.keys()].filter((name) => !next.has(name)),
  };
}

function decodedLength(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
