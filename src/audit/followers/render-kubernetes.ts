/** Records as events of Kubernetes, by a policy; and what is done with those that are too long for a receiver. */
import { kubernetesEvents } from "../kubernetes/kubernetes-event.ts";
import type { KubernetesEvent } from "../kubernetes/kubernetes-event.ts";
import { legacyLine } from "../kubernetes/legacy-line.ts";
import { isAtLeast } from "../policy/audit-policy.ts";
import type { AuditPolicy } from "../policy/audit-policy.ts";
import { safeJson } from "../safe-json.ts";
import { ListNames } from "../kubernetes/list-names.ts";
import type { RenderEntry } from "./destination.ts";

export interface KubernetesForm {
  readonly policy: AuditPolicy;
  readonly format: "json" | "legacy";
  /** An event may have so many bytes of JSON; undefined for any number. */
  readonly eventBytesMax: number | undefined;
}

/** Entries must come in the order of the log; some may come again. */
export function renderKubernetes({ policy, format, eventBytesMax = Infinity }: KubernetesForm): RenderEntry {
  const lists = new ListNames();
  return (entry) => {
    lists.note(entry);
    return kubernetesEvents(entry.event, policy, lists.of(entry.event)).map((each) =>
      format === "legacy" ? legacyLine(each) : truncatedJson(each, eventBytesMax),
    );
  };
}

/**
 * Bodies go first, as upstream's. Where that is not enough, upstream drops the event; here what says who did what stays.
 * Source: apiserver plugin/pkg/audit/truncate/truncate.go.
 */
function truncatedJson(event: KubernetesEvent, bytesMax: number): string {
  const text = safeJson(event);
  if (Buffer.byteLength(text) <= bytesMax) return text;
  const { requestObject: _request, responseObject: _response, annotations, ...rest } = event;
  const mark = { "audit.k8s.io/truncated": "true" };
  if (isAtLeast(event.level, "Request")) {
    const shorter = safeJson({ ...rest, annotations: { ...annotations, ...mark } });
    if (Buffer.byteLength(shorter) <= bytesMax) return shorter;
  }
  const { kind, apiVersion, level, auditID, stage, verb, objectRef, responseStatus } = event;
  const { requestReceivedTimestamp, stageTimestamp } = event;
  const user = event.user.username === undefined ? {} : { username: event.user.username };
  const requestURI = event.requestURI.split("?", 1)[0] ?? "";
  return safeJson({
    kind,
    apiVersion,
    level,
    auditID,
    stage,
    requestURI,
    verb,
    user,
    sourceIPs: event.sourceIPs,
    objectRef,
    ...(responseStatus !== undefined && { responseStatus: { metadata: {}, code: responseStatus.code } }),
    requestReceivedTimestamp,
    stageTimestamp,
    annotations: mark,
  });
}
