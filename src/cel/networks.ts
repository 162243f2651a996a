/** Networks in CIDR notation. */
import { BlockList, isIP } from "node:net";

/**
 * Whether an address is in a network, `10.0.0.0/8` or `fd00::/8`. Addresses of IPv4 that are written in IPv6 count as those of IPv4.
 * Raises for a network that is none; an address that is none is in no network.
 */
export function isInNetwork(address: string, network: string): boolean {
  const [base = "", length = "", ...more] = network.split("/");
  const family = isIP(base);
  const bits = Number(length);
  const isNetwork = family !== 0 && more.length === 0 && /^\d{1,3}$/.test(length) && bits <= (family === 4 ? 32 : 128);
  if (!isNetwork) throw new Error(`'${network}' must be a network in CIDR notation`);
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  const list = new BlockList();
  list.addSubnet(base, bits, family === 4 ? "ipv4" : "ipv6");
  return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 4 ? "ipv4" : "ipv6");
}
