/**
 * Refuses requests that a web page of another site makes a browser send: the
 * browser would add the user's client certificate by itself.
 *
 * Doors never take cookies, and answer no CORS preflight; this is the third net,
 * for requests that need no preflight. Command-line clients send none of these
 * headers.
 *
 * Sources: Fetch Metadata Request Headers (W3C), section 2.3; RFC 6454, section 7.
 */
import type { IncomingHttpHeaders } from "node:http";

/**
 * Why the request must be refused (with 403), as a sentence for the client;
 * undefined when it may go on. `headers.host` is the authority the client asked for.
 */
export function crossSiteRefusal(headers: IncomingHttpHeaders): string | undefined {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    return "requests from web pages of another site are not accepted";
  }
  const { origin, host } = headers;
  if (origin !== undefined && (host === undefined || origin.toLowerCase() !== `https://${host.toLowerCase()}`)) {
    return "requests with the Origin of another site are not accepted";
  }
  return undefined;
}
