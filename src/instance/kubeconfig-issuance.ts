/** Kubeconfigs with new client certificates, each on record before it is handed out. */
import { randomUUID } from "node:crypto";
import type { AuditSink } from "../audit/audit-event.ts";
import { adminGroup } from "../identity/user.ts";
import { auditedIssuance } from "./audited-issuance.ts";
import type { IssuanceDoor, IssueKubeconfig } from "./audited-issuance.ts";
import type { Certificates } from "./certificates.ts";
import type { ClientCertificateRequest } from "./client-certificate-request.ts";

/** The administrator of the host, whose certificate lives for a day. */
export const administrator: ClientCertificateRequest = {
  user: "strongroom-admin",
  groups: [adminGroup],
  ttlSeconds: 24 * 60 * 60,
};

/** Issues them for the server at `url`. */
export function kubeconfigIssuance(
  certificates: Certificates,
  to: { readonly url: string; readonly audit: AuditSink; readonly door: IssuanceDoor },
): IssueKubeconfig {
  const issue: IssueKubeconfig = (request) => certificates.issueKubeconfig(to.url, request);
  return auditedIssuance(issue, { audit: to.audit, door: to.door, now: () => new Date(), uuid: randomUUID });
}
