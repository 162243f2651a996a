import { isIP, isIPv4, isIPv6 } from "node:net";

export interface ListenAddress {
  /** An IPv4 or IPv6 address (without brackets), or a name. */
  readonly host: string;
  /** 0 to 65535; 0 picks a free one. */
  readonly port: number;
}

/** How an address to listen on is written, for messages. */
export const listenAddressForm = "HOST:PORT, such as 127.0.0.1:8443, [::1]:8443 or 0.0.0.0:8443";

/** Reads `HOST:PORT`, an IPv6 address in brackets. Undefined for anything else, a missing host or port included. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/.exec(text);
  const { ipv6, host = "", port: digits } = match?.groups ?? {};
  const port = Number(digits);
  if (match === null || port > 65_535) return undefined;
  if (ipv6 !== undefined) return isIPv6(ipv6) && !ipv6.includes("%") ? { host: ipv6, port } : undefined;
  return isIPv4(host) || isDnsName(host) ? { host, port } : undefined;
}

/** How a name of the server certificate is written, for messages. */
export const certificateNameForm = "a DNS name such as secrets.example.com or *.example.com, or an IP address";

/** Whether `text` may be a name of a server certificate. */
export function isCertificateName(text: string): boolean {
  return isIP(text) !== 0 ? !text.includes("%") : isDnsName(text.replace(/^\*\./, ""));
}

/** RFC 1123 names, and underscores as DNS allows them; one whose last label is a number would be a mistyped address (RFC 3696, section 2). */
function isDnsName(text: string): boolean {
  const labels = text.split(".");
  const isLabel = (label: string) => /^[a-zA-Z0-9_](?:[-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?$/.test(label);
  return text.length <= 253 && labels.every(isLabel) && !/^\d+$/.test(labels.at(-1) ?? "");
}
