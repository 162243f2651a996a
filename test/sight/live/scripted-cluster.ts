/** A TLS server that answers as a cluster, or as badly as a test wants it to. */
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { ClusterSource } from "../../../src/sight/sources/cluster/cluster-source.ts";
import type { ClusterSourceOptions } from "../../../src/sight/sources/cluster/cluster-source.ts";
import type { ClusterAccess } from "../../../src/sight/sources/cluster/kubeconfig.ts";
import { listBounds } from "../../../src/sight/sources/cluster/list-pages.ts";
import { certificates } from "../../support/tls-front.ts";

/** Answers a request; `url` has the query. Returns false for what it leaves to the cluster's usual self. */
export type Script = (url: URL, response: ServerResponse, request: IncomingMessage) => boolean;

export interface ScriptedCluster extends AsyncDisposable {
  readonly access: ClusterAccess;
  /** Paths with queries, in the order in which they were asked for. */
  readonly asked: string[];
  source(options?: Partial<ClusterSourceOptions>): ClusterSource;
}

const kinds = [
  { group: "", version: "v1", resource: "namespaces", kind: "Namespace", scope: "Cluster" },
  { group: "", version: "v1", resource: "pods", kind: "Pod", scope: "Namespaced" },
  { group: "", version: "v1", resource: "secrets", kind: "Secret", scope: "Namespaced" },
  { group: "rbac.authorization.k8s.io", version: "v1", resource: "roles", kind: "Role", scope: "Namespaced" },
];

export const rolesPath = "/apis/rbac.authorization.k8s.io/v1/roles";

/** What is quick enough for a test and long enough for a busy machine. */
const limits = { silentMsMax: 1000, requestMsMax: 3000, attemptsMax: 2, bytesMax: 1024 * 1024 };

/** A cluster that has the four kinds above, and nothing of them unless the script says so. */
export async function startScriptedCluster(script: Script): Promise<ScriptedCluster> {
  const asked: string[] = [];
  const server = createServer(
    { cert: certificates.server.certPem, key: certificates.server.keyPem },
    (request, response) => {
      const url = new URL(request.url ?? "/", "https://cluster");
      asked.push(request.url ?? "");
      response.on("error", () => undefined); // the client may go away in the middle
      if (!script(url, response, request)) answerAsUsual(url, response);
    },
  );
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  const access: ClusterAccess = {
    id: "scripted",
    server: new URL(`https://127.0.0.1:${port}`),
    trust: { ca: Buffer.from(certificates.ca.certPem), serverName: "localhost", insecure: false },
    credential: {
      certificate: undefined,
      token: "t0ken-of-the-test",
      tokenFile: undefined,
      password: undefined,
      plugin: undefined,
    },
    impersonate: undefined,
    namespace: "",
  };
  return {
    access,
    asked,
    source: (options = {}) =>
      new ClusterSource(access, { level: "metadata", env: {}, limits, bounds: listBounds, ...options }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify(body));
  return true;
}

/** A Status. */
export function refuse(
  response: ServerResponse,
  code: number,
  message = "no",
  headers: Record<string, string> = {},
): true {
  return sendJson(response, { kind: "Status", apiVersion: "v1", status: "Failure", message, code }, code, headers);
}

/** A page of Roles of these names. */
export function rolePage(names: readonly string[], next = "") {
  const items = names.map((name) => ({ metadata: { name, namespace: "a", resourceVersion: "1" }, rules: [] }));
  return {
    kind: "RoleList",
    apiVersion: "rbac.authorization.k8s.io/v1",
    metadata: { resourceVersion: "7", continue: next },
    items,
  };
}

function answerAsUsual(url: URL, response: ServerResponse): void {
  const found = kinds.find(({ group, version, resource }) => {
    return url.pathname === `${group === "" ? "/api" : `/apis/${group}`}/${version}/${resource}`;
  });
  if (url.pathname === "/version") sendJson(response, { gitVersion: "v1.34.1" });
  else if (url.pathname === "/api")
    sendJson(
      response,
      discoveryOf((group) => group === ""),
    );
  else if (url.pathname === "/apis")
    sendJson(
      response,
      discoveryOf((group) => group !== ""),
    );
  else if (found === undefined) refuse(response, 404);
  else if (found.resource === "secrets") {
    sendJson(response, {
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata: { resourceVersion: "7" },
      items: [],
    });
  } else {
    sendJson(response, { kind: `${found.kind}List`, apiVersion: "v1", metadata: { resourceVersion: "7" }, items: [] });
  }
}

export function discoveryOf(wanted: (group: string) => boolean, freshness = "Current") {
  const served = kinds.filter(({ group }) => wanted(group));
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    items: [...new Set(served.map(({ group }) => group))].map((group) => ({
      metadata: { name: group },
      versions: [
        {
          version: "v1",
          freshness,
          resources: served
            .filter((each) => each.group === group)
            .map(({ resource, kind, scope }) => ({
              resource,
              responseKind: { kind },
              scope,
              verbs: ["get", "list", "watch"],
            })),
        },
      ],
    })),
  };
}
