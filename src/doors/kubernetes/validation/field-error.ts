/**
 * Validation failures with field paths, printed as upstream prints them.
 *
 * Source: apimachinery pkg/util/validation/field/errors.go.
 */

/** The type words that appear in messages and, as `FieldValue...` reasons, in causes. */
export const fieldErrorTypes = {
  invalid: { text: "Invalid value", reason: "FieldValueInvalid" },
  required: { text: "Required value", reason: "FieldValueRequired" },
  forbidden: { text: "Forbidden", reason: "FieldValueForbidden" },
  "too-long": { text: "Too long", reason: "FieldValueTooLong" },
  "not-supported": { text: "Unsupported value", reason: "FieldValueNotSupported" },
  duplicate: { text: "Duplicate value", reason: "FieldValueDuplicate" },
  "not-found": { text: "Not found", reason: "FieldValueNotFound" },
  internal: { text: "Internal error", reason: "InternalError" },
  "too-many": { text: "Too many", reason: "FieldValueTooMany" },
} as const;

export type FieldErrorType = keyof typeof fieldErrorTypes;

export interface FieldError {
  readonly type: FieldErrorType;
  /** e.g. `metadata.name`, `data[.x]`. */
  readonly field: string;
  /**
   * The offending value as upstream prints it (quoted for strings), or undefined
   * where the type prints none (required, forbidden, too-long). NEVER a secret's value.
   */
  readonly value?: string | undefined;
  readonly detail: string;
}
