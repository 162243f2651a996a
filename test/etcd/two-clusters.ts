/** A server with the clusters east and west at its etcd door, each with an authority and namespaces of its own, and etcdctl as each of them. */
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { allowCluster, clusterFiles } from "./beneath-cluster.ts";
import type { ClusterFiles } from "./beneath-cluster.ts";
import { etcdctl } from "./etcd-server.ts";
import type { Ran } from "./etcd-server.ts";

export type ClusterName = "east" | "west";

export interface TwoClusters extends AsyncDisposable {
  readonly server: TestServer;
  readonly files: Readonly<Record<ClusterName, ClusterFiles>>;
  /** etcdctl with the certificate of a cluster. */
  etcdctl(name: ClusterName, ...args: readonly string[]): Promise<Ran>;
}

export async function startTwoClusters(): Promise<TwoClusters> {
  const files = { east: await clusterFiles(), west: await clusterFiles() };
  const cluster = (name: ClusterName) => ({
    name,
    prefix: "/registry",
    namespacePrefix: `${name}-`,
    clientAuthoritiesFile: files[name].authoritiesFile,
  });
  const server = await startTestServer({
    etcd: { host: "127.0.0.1", port: 0, clusters: [cluster("east"), cluster("west")] },
  });
  const { ca } = server.credentials;
  const trust = { east: await files.east.trust(ca), west: await files.west.trust(ca) };
  for (const name of ["east", "west"]) await allowCluster(server.call, name);
  return {
    server,
    files,
    etcdctl: (name, ...args) => {
      const { cert, key } = files[name];
      return etcdctl(server.etcdUrl, { ca: trust[name], cert, key }, args);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      for (const each of Object.values(files)) await each[Symbol.asyncDispose]();
    },
  };
}
