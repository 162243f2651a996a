/**
 * Certificates that are issued without a request to a door - by the control
 * socket, by `strongroom kubeconfig` on a data directory that no server uses, at
 * the start - are on record as requests are.
 */
import type { AuditEvent, AuditSink } from "../audit/audit-event.ts";
import type { ClientCertificateRequest } from "./client-certificate-request.ts";

export type IssueKubeconfig = (request: ClientCertificateRequest) => Promise<string>;

/** By which way a certificate was asked for: the `door` of its record. */
export type IssuanceDoor = "control-socket" | "data-directory" | "start";

/** Whoever may open the data directory; the account is the operating system's and not known here. */
export const hostAdministratorName = "strongroom:host-administrator";

/**
 * As `issue`, but a certificate is handed out only after its record is durable: for whom, with which groups, for how
 * long. Refusals are recorded too. Raises as `issue` does, and `unavailable` when there can be no record.
 */
export function auditedIssuance(
  issue: IssueKubeconfig,
  options: {
    readonly audit: AuditSink;
    readonly door: IssuanceDoor;
    readonly now: () => Date;
    readonly uuid: () => string;
  },
): IssueKubeconfig {
  return async (request) => {
    const receivedAt = options.now();
    const record = (code: number) =>
      options.audit.write(
        issuanceEvent(request, { ...options, auditId: options.uuid(), receivedAt, endedAt: options.now(), code }),
      );
    let kubeconfig: string;
    try {
      kubeconfig = await issue(request);
    } catch (error) {
      await record(400);
      throw error;
    }
    await record(200);
    return kubeconfig;
  };
}

/** Longest text of a refused request that is kept on record. */
const textMax = 1024;

function issuanceEvent(
  request: ClientCertificateRequest,
  facts: {
    readonly auditId: string;
    readonly door: IssuanceDoor;
    readonly receivedAt: Date;
    readonly endedAt: Date;
    readonly code: number;
  },
): AuditEvent {
  return {
    auditID: facts.auditId,
    stage: "ResponseComplete",
    door: facts.door,
    verb: "create",
    requestURI: "/kubeconfig",
    user: { username: hostAdministratorName, groups: [] },
    sourceIPs: [],
    userAgent: "",
    objectRef: {
      apiGroup: "strongroom.dev",
      apiVersion: "v1alpha1",
      resource: "clientcertificates",
      name: request.user.slice(0, textMax),
    },
    responseStatus: { code: facts.code },
    requestReceivedTimestamp: microseconds(facts.receivedAt),
    stageTimestamp: microseconds(facts.endedAt),
    annotations: {
      "strongroom.dev/certificate-groups": request.groups.join(",").slice(0, textMax),
      "strongroom.dev/certificate-ttl-seconds": String(request.ttlSeconds),
    },
  };
}

/** RFC 3339 with six fractional digits, as all records have it. */
function microseconds(time: Date): string {
  return `${time.toISOString().slice(0, -1)}000Z`;
}
