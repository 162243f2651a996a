import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Registry } from "prom-client";
import { ClusterReports } from "../../audit/cluster/cluster-reports.ts";
import { RecentReports } from "../../audit/cluster/recent-reports.ts";
import { TokenHashes } from "../../audit/cluster/token-hashes.ts";
import { MemorySink } from "../../audit/memory-sink.ts";
import { Gate } from "../../gate/gate.ts";
import { AuditWebhook, authorizeReport } from "./audit-webhook-door.ts";
import { AuditWebhookMetrics } from "./audit-webhook-metrics.ts";

const now = () => new Date();
const token = "t".repeat(64);
const cluster = { name: "prod", namespacePrefix: "", user: undefined, tokenHashes: [] };

test("Of one cluster four batches are in hand at a time, those that wait for the log among them", async () => {
  const { promise: recent, resolve: readBack } = Promise.withResolvers<RecentReports>();
  const hashes = [createHash("sha256").update(token).digest()];
  const webhook = new AuditWebhook({
    gate: new Gate({
      audit: new MemorySink(),
      authorizer: { authorize: authorizeReport },
      admission: { admit: () => Promise.reject(new TypeError("nothing is admitted")) },
      now,
      uuid: randomUUID,
    }),
    clusters: [
      {
        cluster,
        tokens: new TokenHashes({ file: undefined, hashes, nowMs: Date.now, onError: () => {} }),
        reports: new ClusterReports({ cluster, log: new MemorySink(), recent, now }),
      },
    ],
    authenticate: () => Promise.reject(new TypeError("a token is given")),
    metrics: new AuditWebhookMetrics(new Registry(), ["prod"]),
    now,
    uuid: randomUUID,
    onInternalError: () => {},
  });
  const server = createServer((request, response) => void webhook.takes(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on one
  const url = `http://127.0.0.1:${port}/apis/audit.strongroom.dev/v1/clusters/prod/events`;
  const headers = { Authorization: `Bearer ${token}` };
  const body = JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", items: [] });
  const send = async () => (await fetch(url, { method: "POST", headers, body })).status;
  try {
    const statuses: number[] = [];
    const refused = Promise.withResolvers<void>();
    const sent = Array.from({ length: 6 }, async () => {
      statuses.push(await send());
      if (statuses.length === 2) refused.resolve();
    });
    // Four wait for what is read back: it is told of the others before.
    await refused.promise;
    assert.deepEqual(statuses, [429, 429]);
    readBack(new RecentReports());
    await Promise.all(sent);
    assert.deepEqual(statuses.toSorted(), [200, 200, 200, 200, 429, 429]);
    assert.equal(await send(), 200);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
