/**
 * The texts of a 422 answer made from field errors.
 *
 * Source: apimachinery pkg/util/validation/field/errors.go (Error, ErrorBody),
 * pkg/util/errors/errors.go (aggregate) and pkg/api/errors/errors.go (NewInvalid).
 */
import { goQuote } from "../codec/go-quote.ts";
import type { FieldError } from "./field-error.ts";
import { fieldErrorTypes } from "./field-error.ts";

/**
 * At most so many errors are printed and listed as causes. Upstream has no
 * bound, and there a 3 MiB body of bad keys is answered with hundreds of MiB.
 */
export const reportedErrorsMax = 256;

/** One entry of `Status.details.causes`. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** `TYPE: VALUE: DETAIL`, without the field: the message of a cause. */
export function formatFieldErrorBody(error: FieldError): string {
  const parts: string[] = [fieldErrorTypes[error.type].text];
  if (error.value !== undefined) parts.push(error.value);
  if (error.detail !== "") parts.push(error.detail);
  return parts.join(": ");
}

/** `FIELD: TYPE: VALUE: DETAIL`. */
export function formatFieldError(error: FieldError): string {
  return `${error.field}: ${formatFieldErrorBody(error)}`;
}

/**
 * Several errors as one text: one alone as it is, more as `[a, b]`, equal texts
 * once, and past {@link reportedErrorsMax} the number of those left out.
 */
export function formatFieldErrors(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.slice(0, reportedErrorsMax).map(formatFieldError))];
  const left = errors.length - reportedErrorsMax;
  if (left > 0) texts.push(`and ${left} more errors`);
  return texts.length === 1 ? texts.join("") : `[${texts.join(", ")}]`;
}

/**
 * The message of a 422: `Secret "x" is invalid: ...`; a kind of a named group is
 * written `Role.rbac.authorization.k8s.io`, an options type `DeleteOptions.meta.k8s.io`.
 */
export function invalidMessage(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): string {
  const qualified = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  // %q of a name: names that reach here may be malformed, so they are quoted like any value.
  const subject = `${qualified} ${goQuote(name)} is invalid`;
  return errors.length === 0 ? subject : `${subject}: ${formatFieldErrors(errors)}`;
}

/** The causes of a 422, in the order of the errors, at most {@link reportedErrorsMax}. */
export function fieldErrorCauses(errors: readonly FieldError[]): StatusCause[] {
  return errors.slice(0, reportedErrorsMax).map((error) => ({
    reason: fieldErrorTypes[error.type].reason,
    message: formatFieldErrorBody(error),
    // An error of the whole object has no field, and Go leaves an empty one out.
    ...(error.field !== "" && { field: error.field }),
  }));
}
