/** The request by which a cluster sends a part of its audit, as it is on record: beside what it reports. */
import type { AuditEvent } from "../audit-event.ts";

export const auditWebhookDoor = "audit-webhook";

/** What a cluster is to this request: `clusters/events`, by the cluster's name. */
export const reportedResource = {
  apiGroup: "audit.strongroom.dev",
  apiVersion: "v1",
  resource: "clusters",
  subresource: "events",
} as const;

/** The cluster of which a batch was received; undefined for every other event. */
export function clusterOfBatch({ door, stage, objectRef, responseStatus }: AuditEvent): string | undefined {
  const isReceived = door === auditWebhookDoor && stage === "ResponseComplete" && responseStatus?.code === 200;
  return isReceived ? objectRef?.name : undefined;
}
