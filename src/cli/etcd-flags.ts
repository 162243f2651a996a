/** How commands are told of an etcd that runs. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { EtcdTarget } from "../etcd-client/etcd-target.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { repeatableFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";

export const etcdFlag = repeatableFlag(
  "etcd",
  "URL",
  "An etcd that runs, https://HOST:PORT; or several members of one cluster.",
);
const caFlag = valueFlag("cacert", "FILE", "The authority of the etcd's certificate, as for etcdctl.");
const certFlag = valueFlag("cert", "FILE", "A certificate for the etcd, as for etcdctl.");
const keyFlag = valueFlag("key", "FILE", "The key of that certificate.");
export const etcdTlsFlags = [caFlag, certFlag, keyFlag] as const;

/** Reads the files of the flags. Without TLS there is nothing to show a certificate to. */
export async function etcdTargets(invocation: Invocation, urls: readonly string[]): Promise<EtcdTarget[]> {
  const tls = await etcdTls(invocation);
  return urls.map((written) => {
    const url = etcdUrl(written, etcdFlag);
    if (url.protocol === "https:") return { url: url.origin, tls };
    if (Object.keys(tls).length === 0) return { url: url.origin };
    throw usageError(`--etcd ${written} must begin with https:// to be asked with --cacert, --cert or --key`);
  });
}

/** What the flags say for TLS. */
export async function etcdTls({ flags, environment }: Invocation): Promise<NonNullable<EtcdTarget["tls"]>> {
  const read = async (flag: Flag) => {
    const path = flags.one(flag);
    return path === undefined ? undefined : await readFile(resolve(environment.workingDirectory, path), "utf8");
  };
  const [ca, cert, key] = [await read(caFlag), await read(certFlag), await read(keyFlag)];
  if ((cert === undefined) !== (key === undefined)) throw usageError("--cert and --key must come together");
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

export function etcdUrl(written: string, { name }: Flag): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  const isPlain = url !== undefined && url.pathname === "/" && url.search === "" && url.username === "";
  if (isPlain && (url.protocol === "https:" || url.protocol === "http:")) return url;
  throw usageError(`--${name} must be https://HOST:PORT, or http://HOST:PORT for an etcd without TLS`);
}

/** Whether values would pass the network in the clear. */
export function isInTheClear({ url }: EtcdTarget): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}
