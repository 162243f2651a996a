/** JSON Pointer, RFC 6901 (https://www.rfc-editor.org/rfc/rfc6901). */

/** The unescaped segments of a pointer, or undefined when it has no `/` (the whole document, or malformed). */
export function parseJsonPointer(pointer: string): string[] | undefined {
  const segments = pointer.split("/");
  // Upstream reads "a/b" as "/b": what is before the first slash is not looked at.
  if (segments.length < 2) return undefined;
  return segments.slice(1).map(unescapeSegment);
}

/** `~1` is a slash and `~0` a tilde; one pass, so that `~01` is `~1`. */
function unescapeSegment(segment: string): string {
  return segment.replace(/~[01]/g, (escape) => (escape === "~1" ? "/" : "~"));
}
