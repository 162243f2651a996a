import { isIP } from "node:net";

/**
 * Which connections count as one client for fairness: an IPv4 address, or the /64
 * network of an IPv6 address, since whoever has one address there has them all.
 */
export function clientNetwork(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const tailGroups = tail === "" ? [] : tail.split(":");
    while (groups.length + tailGroups.length < 8) groups.push("0");
    groups.push(...tailGroups);
  }
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** As many addresses of a chain as go on record. */
const addressesMax = 16;

/**
 * Where a request says that it comes from, and where it does: addresses that proxies, or whoever pretends to be one, put into headers,
 * then the one that is connected, which alone is known. As upstream has them on record (apimachinery pkg/util/net SourceIPs).
 */
export function sourceAddresses(
  headers: { readonly [name: string]: string | readonly string[] | undefined },
  connected: string,
): string[] {
  const forwarded = String(headers["x-forwarded-for"] ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => isIP(part) !== 0)
    .slice(-addressesMax);
  const real = String(headers["x-real-ip"] ?? "").trim();
  const claimed = isIP(real) !== 0 && !forwarded.includes(real) ? [...forwarded, real] : forwarded;
  return claimed.at(-1) === connected ? claimed : [...claimed, connected];
}
