/**
 * An API server as a client of the etcd door: what its certificate makes of it, and, where KUBE_APISERVER names a kube-apiserver, all
 * that one does.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestServer } from "../running-server.ts";
import { auditEvents } from "../support/audit-events.ts";
import { noRealApiserver } from "../support/real-apiserver.ts";
import { adoptionOfApiserver } from "./beneath-adoption.ts";
import { killsBeneathApiserver } from "./beneath-apiserver-crash.ts";
import { secretsBeneathApiserver } from "./beneath-apiserver.ts";
import { allowCluster, clusterFiles } from "./beneath-cluster.ts";
import { etcdctl } from "./etcd-server.ts";

test("An API server is the user of its cluster by the cluster's own certificate, and in no group that this claims", async () => {
  await using files = await clusterFiles();
  const cluster = {
    name: "prod",
    prefix: "/registry",
    namespacePrefix: "",
    clientAuthoritiesFile: files.authoritiesFile,
  };
  await using server = await startTestServer({ etcd: { host: "127.0.0.1", port: 0, clusters: [cluster] } });
  const shown = { ca: await files.trust(server.credentials.ca), cert: files.cert, key: files.key };
  const put = () => etcdctl(server.etcdUrl, shown, ["put", "/registry/secrets/default/a", "k8s:enc:x"]);
  assert.match((await put()).stderr, /etcdserver: permission denied/);
  await allowCluster(server.call);
  const allowed = await put();
  assert.equal(allowed.stdout, "OK\n", allowed.stderr);
  const written = (await auditEvents(server)).find(
    ({ door, responseStatus }) => door === "etcd" && responseStatus?.code === 200,
  );
  assert.equal(written?.user.username, "cluster:prod:kube-apiserver-etcd-client");
  assert.deepEqual(written.user.groups, ["cluster:prod", "system:authenticated"]);
});

if (noRealApiserver() === undefined) {
  secretsBeneathApiserver();
  killsBeneathApiserver();
  adoptionOfApiserver();
}
