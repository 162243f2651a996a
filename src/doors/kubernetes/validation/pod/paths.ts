/**
 * Paths of files inside a pod, and names and numbers that occur in many of its parts.
 *
 * Source: k/k pkg/apis/core/validation/validation.go; apimachinery
 * pkg/util/validation/validation.go.
 */
import { goQuote } from "../../codec/go-quote.ts";
import type { JsonObject, JsonValue } from "../../codec/json.ts";
import type { FieldError } from "../field-error.ts";
import { invalid, invalidPrinted, notSupported, required } from "../field-error-constructors.ts";
import { byteLength } from "../go-format.ts";
import { dns1123LabelErrors } from "../names.ts";

/** Errors of a path that stays below a directory and does not begin with two dots. */
export function localPathErrors(path: string, field: string): FieldError[] {
  const errors = descendingPathErrors(path, field);
  if (!path.startsWith("..") || path.startsWith("../")) return errors;
  return [...errors, invalid(field, path, "must not start with '..'")];
}

/** Errors of a path that stays below a directory. */
export function descendingPathErrors(path: string, field: string): FieldError[] {
  const absolute = path.startsWith("/") ? [invalid(field, path, "must be a relative path")] : [];
  return [...absolute, ...backstepErrors(path, field)];
}

/** Errors of a path that goes up. */
export function backstepErrors(path: string, field: string): FieldError[] {
  return path.split("/").includes("..") ? [invalid(field, path, "must not contain '..'")] : [];
}

/** Errors of the mode of a file, where one is given. */
export function modeErrors(object: Readonly<JsonObject>, key: string, path: string): FieldError[] {
  const mode = object[key];
  if (typeof mode !== "number" || (mode >= 0 && mode <= 0o777)) return [];
  const detail = "must be a number between 0 and 0777 (octal), both inclusive";
  return [invalidPrinted(`${path}.${key}`, String(mode), detail)];
}

/** Errors of a name that must be there and be a DNS label. */
export function labelNameErrors(name: string, field: string): FieldError[] {
  if (name === "") return [required(field, "")];
  return dns1123LabelErrors(name).map((text) => invalid(field, name, text));
}

/** Errors of a word that must be one of a few; `known` is the list in the order in which it is printed. */
export function wordErrors(word: string, field: string, known: readonly string[]): FieldError[] {
  if (word === "") return [required(field, "")];
  return known.includes(word) ? [] : [notSupported(field, goQuote(word), known)];
}

/** Errors of the number of a port. */
export function portNumberErrors(port: JsonValue | undefined, field: string): FieldError[] {
  const number = typeof port === "number" ? port : 0;
  if (number >= 1 && number <= 65_535) return [];
  return [invalidPrinted(field, String(number), "must be between 1 and 65535, inclusive")];
}

/** The texts of what is wrong with the name of a port. */
export function portNameTexts(name: string): string[] {
  const texts: string[] = [];
  if (byteLength(name) > 15) texts.push("must be no more than 15 characters");
  if (!/^[-a-z0-9]+$/.test(name)) texts.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(name)) texts.push("must contain at least one letter (a-z)");
  if (name.includes("--")) texts.push("must not contain consecutive hyphens");
  if (name.startsWith("-") || name.endsWith("-")) texts.push("must not begin or end with a hyphen");
  return texts;
}

/** The texts of what is wrong with the name of an environment variable. */
export function environmentNameTexts(name: string): string[] {
  if (name === "") return ["environment variable name must be non-empty"];
  if (/^[\x20-\x7e]*$/.test(name) && !name.includes("=")) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}
