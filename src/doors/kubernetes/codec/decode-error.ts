/**
 * Raised by every decoder of the Kubernetes door when a body cannot be read:
 * the door answers 400 with the message. Nothing else leaves a decoder.
 *
 * `message` uses the reference server's words where it has any. Of the body it
 * may show names of fields, kind and version, numbers, times and positions, but
 * no other string, so never the value of a secret.
 */
export class DecodeError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "DecodeError";
  }
}

/** Most unknown or duplicate fields that one body is reported for, as upstream. */
export const strictErrorsMax = 100;

/**
 * Deepest nesting of objects and lists in any body.
 *
 * The reference server reads 10,000 levels. Here every later step (clone,
 * compare, patch, print) recurses, and Node's default stack carries such
 * functions for little more than 2,000 levels (measured), so a deeper body is
 * refused at the door rather than allowed to break a step behind it.
 */
export const nestingDepthMax = 1000;

/**
 * Most values (objects, lists and leaves, those of unknown fields included) in any body.
 *
 * The smallest values take two bytes of a body and about 300 in memory: without
 * a bound, 3 MiB of `{},{},...` became 530 MB and kept the process for 3 s
 * (measured). The biggest objects of real clusters have a few ten thousand.
 */
export const valuesMax = 200_000;

/** Raised when a body has more than {@link valuesMax} values. */
export function tooManyValues(): DecodeError {
  return new DecodeError(`the body must have at most ${valuesMax} values`);
}
