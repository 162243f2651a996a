/** What a name and a value say together. */
import { valueMax } from "./assignments.ts";
import { textOf } from "./decoders.ts";
import { entropyOf } from "./entropy.ts";
import type { Hit } from "./hit.ts";
import { nameStrength, namesReference } from "./names-of-credentials.ts";
import { isGuessable, isHarmless, isPlaceholder, isSetting } from "./placeholders.ts";

/** Undefined for no credential. */
export function judgeValue(name: string, value: string): Omit<Hit, "value" | "start"> | undefined {
  if (value.length > valueMax) return undefined;
  const strength = nameStrength(name);
  if (strength === "none" || isPlaceholder(value) || isHarmless(value) || isSetting(value)) return undefined;
  if (value.includes("://") && value.includes("@")) return undefined; // what is in a URL has its own form
  if (namesReference(name) && looksLikeName(value)) return undefined;
  const title = "a value under the name of a credential";
  if (strength === "strong" && isGuessable(value)) {
    return {
      rule: "named-value",
      title: `${title}, which anybody would guess`,
      certainty: "guessable",
      sensitivity: 0.5,
    };
  }
  const entropy = entropyOf(value);
  if (strength === "weak" && (/\s/.test(value) || value.length < 16 || entropy < 3.5)) return undefined;
  if (/\s/.test(value) && !/[0-9]/.test(value)) return undefined; // a sentence
  if (entropy < 2) return undefined;
  return { rule: "named-value", title, certainty: "likely", sensitivity: 0.5 };
}

/** `postgres-credentials`, as objects are called; no part of it is of letters and digits at random. */
function looksLikeName(value: string): boolean {
  return /^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$/.test(value) && value.split(/[-.]/).every((part) => !isRandom(part));
}

function isRandom(part: string): boolean {
  return part.length >= 8 && /[0-9]/.test(part) && /[a-z]/.test(part);
}

/** A text of base64 of a short value, decoded; undefined for what is none. */
export function decodedValue(value: string): string | undefined {
  if (!/^[A-Za-z0-9+/]{8,}={0,2}$/.test(value) || value.length % 4 !== 0) return undefined;
  const text = textOf(Buffer.from(value, "base64"));
  return text === undefined || !/^[\x20-\x7e\r\n\t]+$/.test(text) ? undefined : text.trim();
}
