/** The control socket of a running server: certificates for whoever may open the data directory. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { issueKubeconfig } from "../../src/instance/host-kubeconfig.ts";
import { administrator } from "../../src/instance/kubeconfig-issuance.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

async function issuances(dataDir: string): Promise<Answer["json"][]> {
  const events = await looseAuditEvents({ dataDir });
  return events
    .filter(({ objectRef }) => objectRef?.resource === "clientcertificates")
    .map(({ door, objectRef, annotations, responseStatus }) => [
      door,
      objectRef.name,
      annotations["strongroom.dev/certificate-groups"],
      annotations["strongroom.dev/certificate-ttl-seconds"],
      responseStatus.code,
    ]);
}

test("Every certificate that is issued is on record: at the start, by the socket, and while no server runs", async () => {
  await using server = await startTestServer();
  const { dataDir } = server;
  const config = {
    dataDir,
    rootKey: { type: "file", path: join(dataDir, "..", "root.key") },
    host: "127.0.0.1",
    port: 8443,
  } as const;
  await issueKubeconfig(config, { user: "ann", groups: ["developers"], ttlSeconds: 3600 });
  await assert.rejects(issueKubeconfig(config, { user: "", groups: [], ttlSeconds: 3600 }), { code: "invalid" });
  await server.stop();
  await issueKubeconfig(config, administrator);
  assert.deepEqual(await issuances(dataDir), [
    ["start", "strongroom-admin", "strongroom:admins", "86400", 200],
    ["control-socket", "ann", "developers", "3600", 200],
    ["control-socket", "", "", "3600", 400],
    ["data-directory", "strongroom-admin", "strongroom:admins", "86400", 200],
  ]);
});
