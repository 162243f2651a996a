/**
 * The name of a field manager, in options and in managedFields.
 *
 * Source: apimachinery pkg/apis/meta/v1/validation/validation.go (ValidateFieldManager).
 */
import type { FieldError } from "./field-error.ts";
import { invalid, tooLong } from "./field-error-constructors.ts";
import { byteLength, goUnicode, isPrintable } from "./go-format.ts";

/** Longest name of a field manager, in bytes. */
export const fieldManagerBytesMax = 128;

/**
 * Errors of a manager's name: too long, or a character that cannot be printed
 * (position in bytes). Of a name that is too long only the first such character
 * is told, since every error shows the whole name.
 */
export function fieldManagerErrors(manager: string, field: string): FieldError[] {
  const long = byteLength(manager) > fieldManagerBytesMax;
  const errors: FieldError[] = [];
  let position = 0;
  for (const character of manager) {
    if (!isPrintable(character)) {
      errors.push(invalid(field, manager, `invalid character ${goUnicode(character)} (at position ${position})`));
      if (long) break;
    }
    position += byteLength(character);
  }
  return long ? [tooLong(field, fieldManagerBytesMax), ...errors] : errors;
}
