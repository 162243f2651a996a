/**
 * The one error of the patch functions.
 *
 * Source of the distinction: apiserver pkg/endpoints/handlers/patch.go.
 */

/**
 * - `bad-patch`: the patch itself is malformed; 400 BadRequest.
 * - `apply-failed`: it does not fit the object (a failed test, a missing path); 422 with an empty reason.
 * - `too-large`: over a documented limit; 413 RequestEntityTooLarge.
 */
export type PatchErrorKind = "bad-patch" | "apply-failed" | "too-large";

/**
 * A patch that was not applied; the object is unchanged. The message is the text
 * for the client. It may name paths, keys and list items' merge keys, never
 * values of maps: those of a Secret would be among them.
 */
export class PatchError extends Error {
  readonly kind: PatchErrorKind;

  constructor(kind: PatchErrorKind, message: string) {
    super(message);
    this.name = "PatchError";
    this.kind = kind;
  }
}
