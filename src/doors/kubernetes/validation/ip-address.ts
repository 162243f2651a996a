/**
 * Texts of IP addresses and networks.
 *
 * Source: apimachinery pkg/util/validation/ip.go (the strict forms).
 */

/** 4 or 6 for an address of that family, 0 for what is none. Leading zeros, which readers take for octal, are refused. */
export function ipFamily(text: string): 0 | 4 | 6 {
  if (isIpv4(text)) return 4;
  return isIpv6(text) ? 6 : 0;
}

/** 4 or 6 for a network in the form `10.0.0.0/8` or `2001:db8::/64`, 0 for what is none. */
export function cidrFamily(text: string): 0 | 4 | 6 {
  const [address = "", bits = "", ...more] = text.split("/");
  const family = ipFamily(address);
  const valid = more.length === 0 && /^(0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
  return valid ? family : 0;
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = halves.at(-1)?.split(":").at(-1) ?? "";
  const withIpv4 = last.includes(".");
  const plain = withIpv4 ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) || (withIpv4 && !isIpv4(last))) return false;
  const count = plain.length + (withIpv4 ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}
