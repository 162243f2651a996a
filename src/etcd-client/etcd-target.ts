import { connect, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** A member of an etcd, and how it is spoken to. */
export interface EtcdTarget {
  /** `https://HOST:PORT`, or `http://` for one without TLS. */
  readonly url: string;
  /** PEM, for TLS. Without `ca` the authorities of Node count. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

const defaultPorts: Readonly<Record<string, number>> = { "https:": 443, "http:": 80 };

/** Opens a connection. With TLS, the certificate must be the host's, and HTTP/2 is what is spoken. */
export function connectEtcd({ url, tls }: EtcdTarget): Socket {
  const { protocol, hostname, port: written } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const port = written === "" ? (defaultPorts[protocol] ?? 0) : Number(written);
  if (protocol !== "https:") return connect({ host, port });
  const named = isIP(host) === 0 && { servername: host };
  return connectTls({ ...tls, ...named, host, port, ALPNProtocols: ["h2"], minVersion: "TLSv1.2" });
}
