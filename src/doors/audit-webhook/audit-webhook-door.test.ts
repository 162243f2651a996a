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
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { Gate } from "../../gate/gate.ts";
import { AuditWebhook, authorizeReport } from "./audit-webhook-door.ts";
import type { AuditWebhookOptions } from "./audit-webhook-door.ts";
import { AuditWebhookMetrics } from "./audit-webhook-metrics.ts";

const now = () => new Date();
const token = "t".repeat(64);
const cluster = { name: "prod", namespacePrefix: "", user: undefined, tokenHashes: [] };

const hashes = [createHash("sha256").update(token).digest()];

/** A webhook on a port of its own, and how a batch is sent to it. */
async function served(parts: {
  readonly recent?: Promise<RecentReports>;
  readonly authenticate?: AuditWebhookOptions["authenticate"];
}) {
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
        reports: new ClusterReports({
          cluster,
          log: new MemorySink(),
          recent: parts.recent ?? Promise.resolve(new RecentReports()),
          now,
        }),
      },
    ],
    authenticate: parts.authenticate ?? (() => Promise.reject(new TypeError("a token is given"))),
    metrics: new AuditWebhookMetrics(new Registry(), ["prod"]),
    now,
    uuid: randomUUID,
    onInternalError: () => {},
  });
  const server = createServer((request, response) => void webhook.takes(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on one
  const url = `http://127.0.0.1:${port}/apis/audit.strongroom.dev/v1/clusters/prod/events`;
  const body = JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", items: [] });
  return {
    async send(by = token) {
      const headers = { Authorization: `Bearer ${by}` };
      return (await fetch(url, { method: "POST", headers, body })).status;
    },
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Sends so many; resolves when some have been answered, to those answers, and how to wait for all. */
async function answered(send: () => Promise<number>, count: number, first: number) {
  const statuses: number[] = [];
  const some = Promise.withResolvers<void>();
  const sent = Array.from({ length: count }, async () => {
    statuses.push(await send());
    if (statuses.length === first) some.resolve();
  });
  await some.promise;
  return { first: [...statuses], statuses, all: Promise.all(sent) };
}

test("Of one cluster four batches are in hand at a time, those that wait for the log among them", async () => {
  const { promise: recent, resolve: readBack } = Promise.withResolvers<RecentReports>();
  using webhook = await served({ recent });
  // Four wait for what is read back: it is told of the others before.
  const { first, statuses, all } = await answered(() => webhook.send(), 6, 2);
  assert.deepEqual(first, [429, 429]);
  readBack(new RecentReports());
  await all;
  assert.deepEqual(statuses.toSorted(), [200, 200, 200, 200, 429, 429]);
  assert.equal(await webhook.send(), 200);
});

test("Of strangers, too, so many are in hand at a time", async () => {
  const { promise: known, resolve: decide } = Promise.withResolvers<void>();
  const authenticate = async () => {
    await known;
    throw new StrongroomError("unauthenticated", "nobody");
  };
  using webhook = await served({ authenticate });
  const { first, statuses, all } = await answered(() => webhook.send("stranger"), 203, 3);
  assert.deepEqual(first, [429, 429, 429]);
  decide();
  await all;
  assert.equal(statuses.filter((status) => status === 401).length, 200);
});
