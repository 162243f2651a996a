/** Batches as the webhook of a kube-apiserver posts them. */
import { createHash, randomBytes } from "node:crypto";
import { stringify } from "yaml";
import type { ReportingCluster } from "../../src/audit/cluster/cluster-audit-config.ts";
import { connectWith } from "../running-server.ts";
import type { Answer, TestServer } from "../running-server.ts";

export interface ReportingTest {
  readonly cluster: ReportingCluster;
  readonly token: string;
}

/** A cluster with a token of its own. */
export function reporting(name: string, namespacePrefix = ""): ReportingTest {
  const token = randomBytes(32).toString("hex");
  const tokenHashes = [createHash("sha256").update(token).digest()];
  return { token, cluster: { name, namespacePrefix, tokenHashes, user: undefined } };
}

export function eventsPath(cluster: string): string {
  return `/apis/audit.strongroom.dev/v1/clusters/${cluster}/events?timeout=30s`;
}

/** Posts events, or any body, with a token and no certificate. */
export function post(
  { url, credentials: { ca } }: TestServer,
  cluster: string,
  token: string,
  items: readonly unknown[] | string,
): Promise<Answer> {
  const list = { kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items };
  const headers = token === "" ? {} : { Authorization: `Bearer ${token}` };
  return connectWith(url, { ca })("POST", eventsPath(cluster), {
    body: typeof items === "string" ? items : list,
    headers,
  });
}

/** The kubeconfig that docs/cluster-audit.md has an operator give to the API server. */
export function webhookKubeconfig(
  server: Pick<TestServer, "url" | "credentials">,
  { cluster, token }: ReportingTest,
): string {
  const [path = ""] = eventsPath(cluster.name).split("?", 1);
  const authority = Buffer.from(server.credentials.ca).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "strongroom",
        cluster: { server: new URL(path, server.url).href, "certificate-authority-data": authority },
      },
    ],
    users: [{ name: cluster.name, user: { token } }],
    contexts: [{ name: "strongroom", context: { cluster: "strongroom", user: cluster.name } }],
    "current-context": "strongroom",
  });
}

let made = 0;

/** An event of a request about secrets that succeeded now, unless it is said otherwise. */
export function reported(verb: string, user: string, place: string, more: object = {}) {
  const [namespace = "", name = ""] = place.split("/");
  const time = `${new Date().toISOString().slice(0, -1)}000Z`;
  const query = verb === "watch" ? "?watch=true" : "";
  return {
    level: "Metadata",
    auditID: `report-${made++}`,
    stage: "ResponseComplete",
    requestURI: `/api/v1${namespace === "" ? "" : `/namespaces/${namespace}`}/secrets${name === "" ? "" : `/${name}`}${query}`,
    verb,
    user: { username: user, groups: ["system:authenticated"] },
    sourceIPs: ["10.1.2.3"],
    userAgent: "kubectl/v1.34.1",
    objectRef: {
      resource: "secrets",
      ...(namespace !== "" && { namespace }),
      ...(name !== "" && { name }),
      apiVersion: "v1",
    },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "" },
    ...more,
  };
}

export const refused = {
  responseStatus: { metadata: {}, status: "Failure", reason: "Forbidden", code: 403 },
  annotations: { "authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "" },
} as const;
