/**
 * The request target, checked and brought to one form before a door reads it.
 *
 * Source: RFC 9112, section 3.2 (a server must accept the absolute form).
 */

export type RequestTarget =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly status: 400 | 414; readonly reason: string };

const absoluteForm = /^https?:\/\/[^/?#]*/i;
/** What a path and query consist of; anything else must be percent-encoded (RFC 3986, section 2). */
const visibleAscii = /^[\x21-\x7e]+$/;

/**
 * The origin form (`/path?query`) of what a request line asked for, or `*`.
 * Refuses with 414 above `urlBytesMax`, and with 400 what is neither form or
 * contains control characters, blanks or raw bytes above ASCII.
 */
export function requestTarget(raw: string, urlBytesMax: number): RequestTarget {
  if (raw.length > urlBytesMax) {
    return { ok: false, status: 414, reason: `the URL must be at most ${urlBytesMax} bytes long` };
  }
  if (raw === "*" /* OPTIONS for the server as a whole */) return { ok: true, url: raw };
  const withoutAuthority = raw.replace(absoluteForm, "");
  const url = withoutAuthority === raw || withoutAuthority.startsWith("/") ? withoutAuthority : `/${withoutAuthority}`;
  if (!url.startsWith("/") || !visibleAscii.test(url)) {
    return { ok: false, status: 400, reason: "the URL must be a path of visible ASCII characters that begins with /" };
  }
  return { ok: true, url };
}
