/** A real kube-apiserver that keeps its Secrets at the etcd door, and everything else in an etcd of its own. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "../support/certificates.ts";
import type { TestCertificates } from "../support/certificates.ts";
import { startRealApiserver } from "../support/real-apiserver.ts";
import type { RealApiserver } from "../support/real-apiserver.ts";
import type { RealEtcd } from "../support/real-etcd.ts";
import type { TestServer } from "../running-server.ts";

/** Files by which an API server reaches the door, with the client certificate of the cluster's own etcd authority. */
export interface ClusterFiles extends AsyncDisposable {
  readonly authoritiesFile: string;
  readonly cert: string;
  readonly key: string;
  readonly folder: string;
  /** For a server that is known only after it has started: its authority and the cluster's, PEM. */
  trust(serverCa: string): Promise<string>;
}

/** As kubeadm makes them: the certificate claims `system:masters`, which means nothing here. */
export async function clusterFiles(): Promise<ClusterFiles> {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-cluster-"));
  const { ca, client }: TestCertificates = makeCertificates("/O=system:masters/CN=kube-apiserver-etcd-client");
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  return {
    folder,
    authoritiesFile: await write("etcd-ca.crt", ca.certPem),
    cert: await write("client.crt", client.certPem),
    key: await write("client.key", client.keyPem),
    trust: (serverCa) => write("trusted.crt", `${serverCa}\n${ca.certPem}`),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What docs/etcd.md has an operator apply for the cluster `prod`. */
export async function allowCluster(call: TestServer["call"], cluster = "prod"): Promise<void> {
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const name = `cluster-${cluster}`;
  const verbs = ["get", "list", "watch", "create", "update", "delete"];
  const rules = [{ apiGroups: [""], resources: ["secrets"], verbs }];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
  const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: `cluster:${cluster}` }];
  for (const [path, body] of [
    ["clusterroles", { metadata: { name }, rules }],
    ["clusterrolebindings", { metadata: { name }, roleRef, subjects }],
  ] as const) {
    const answer = await call("POST", `${rbac}/${path}`, { body });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.text}`);
  }
}

/** An API server whose Secrets are at `etcdUrl`, and everything else in `etcd` or one of its own; `more` are flags of it. */
export async function startBeneath(
  etcdUrl: string,
  files: ClusterFiles,
  serverCa: string,
  etcd?: RealEtcd,
  more: readonly string[] = [],
): Promise<RealApiserver> {
  const cafile = await files.trust(serverCa);
  const flags = [
    `--etcd-servers-overrides=/secrets#${etcdUrl}`,
    `--etcd-cafile=${cafile}`,
    `--etcd-certfile=${files.cert}`,
    `--etcd-keyfile=${files.key}`,
  ];
  return startRealApiserver([...flags, ...more], etcd);
}
