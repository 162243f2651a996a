/**
 * Makers of {@link FieldError}s that print the value and the detail as upstream does.
 *
 * `field` is the whole path, e.g. `metadata.labels`. Values given here are shown
 * to the client: never pass the value of a secret.
 *
 * Source: apimachinery pkg/util/validation/field/errors.go.
 */
import { goQuote } from "../codec/go-quote.ts";
import type { FieldError } from "./field-error.ts";

/** `Invalid value`, with a string printed in quotes. */
export function invalid(field: string, value: string, detail: string): FieldError {
  return { type: "invalid", field, value: goQuote(value), detail };
}

/** `Invalid value`, with a value that is printed already (numbers, JSON). */
export function invalidPrinted(field: string, printed: string, detail: string): FieldError {
  return { type: "invalid", field, value: printed, detail };
}

/** `Required value`; the detail may be empty. */
export function required(field: string, detail: string): FieldError {
  return { type: "required", field, detail };
}

/** `Forbidden`. */
export function forbidden(field: string, detail: string): FieldError {
  return { type: "forbidden", field, detail };
}

/** `Too long`, which never shows the value. */
export function tooLong(field: string, bytesMax: number): FieldError {
  return { type: "too-long", field, detail: `may not be more than ${bytesMax} bytes` };
}

/** `Unsupported value`, with a printed value and the list of what is supported. */
export function notSupported(field: string, printed: string, supported: readonly string[]): FieldError {
  return {
    type: "not-supported",
    field,
    value: printed,
    detail: `supported values: ${supported.map(goQuote).join(", ")}`,
  };
}

/** `Duplicate value`, with a printed value. */
export function duplicate(field: string, printed: string, detail = ""): FieldError {
  return { type: "duplicate", field, value: printed, detail };
}

/** `Not found`, with a string printed in quotes. */
export function notFound(field: string, value: string): FieldError {
  return { type: "not-found", field, value: goQuote(value), detail: "" };
}

/** `Internal error`: upstream's word for a check that it could not make on what it was sent. */
export function internalError(field: string, detail: string): FieldError {
  return { type: "internal", field, detail };
}

/** `Too many`, with how many there are and may be. */
export function tooMany(field: string, count: number, countMax: number): FieldError {
  return { type: "too-many", field, value: String(count), detail: `must have at most ${countMax} items` };
}
