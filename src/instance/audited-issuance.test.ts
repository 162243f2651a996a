import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySink } from "../audit/memory-sink.ts";
import { auditedIssuance } from "./audited-issuance.ts";
import type { IssueKubeconfig } from "./audited-issuance.ts";

const now = () => new Date("2026-01-02T03:04:05.678Z");
const asked = { user: "ann", groups: ["developers", "readers"], ttlSeconds: 3600 };

function issuanceWith(audit: MemorySink, issue: IssueKubeconfig) {
  return auditedIssuance(issue, { audit, door: "control-socket", now, uuid: () => "id-1" });
}

test("A certificate is handed out when it is on record for whom it is, with which groups and for how long", async () => {
  const audit = new MemorySink();
  const issue = issuanceWith(audit, async () => "the kubeconfig with its key");
  assert.equal(await issue(asked), "the kubeconfig with its key");
  assert.deepEqual(audit.events, [
    {
      auditID: "id-1",
      stage: "ResponseComplete",
      door: "control-socket",
      verb: "create",
      requestURI: "/kubeconfig",
      user: { username: "strongroom:host-administrator", groups: [] },
      sourceIPs: [],
      userAgent: "",
      objectRef: { apiGroup: "strongroom.dev", apiVersion: "v1alpha1", resource: "clientcertificates", name: "ann" },
      responseStatus: { code: 200 },
      requestReceivedTimestamp: "2026-01-02T03:04:05.678000Z",
      stageTimestamp: "2026-01-02T03:04:05.678000Z",
      annotations: {
        "strongroom.dev/certificate-groups": "developers,readers",
        "strongroom.dev/certificate-ttl-seconds": "3600",
      },
    },
  ]);
});

test("A certificate that cannot be recorded is not handed out", async () => {
  const audit = new MemorySink();
  audit.failing = true;
  await assert.rejects(issuanceWith(audit, async () => "kubeconfig")(asked), { code: "unavailable" });
});

test("A refused request is on record, too, and refused with its own reason", async () => {
  const audit = new MemorySink();
  const refusal = new Error("the name of a user must be shorter");
  const issue = issuanceWith(audit, () => Promise.reject(refusal));
  await assert.rejects(issue({ ...asked, user: "x".repeat(5000) }), refusal);
  assert.equal(audit.events[0]?.responseStatus?.code, 400);
  assert.equal(audit.events[0]?.objectRef?.name?.length, 1024);
});
