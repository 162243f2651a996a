/**
 * Our records as events of Kubernetes (audit.k8s.io/v1 Event), field by field as upstream writes them. One record gives none, one or
 * several: ours are written when there is something to tell, upstream's at fixed stages.
 *
 * Source: apiserver pkg/apis/audit/v1/types.go, pkg/endpoints/filters/{audit,authn_audit}.go, pkg/audit/{context,request}.go.
 */
import type { AuditEvent, Disclosure } from "../audit-event.ts";
import { disclosureCount, disclosuresOf } from "../disclosures.ts";
import { namesMax } from "./list-names.ts";
import type { NamesOfList } from "./list-names.ts";
import { cutMark } from "../cut-text.ts";
import { auditScope, isAtLeast } from "../policy/audit-policy.ts";
import type { AuditedRequest, AuditLevel, AuditPolicy, PolicyStage } from "../policy/audit-policy.ts";
import { holdsValues } from "../policy/values-in-bodies.ts";

/** The event as it is printed; fields that upstream leaves out when they are empty are not there. */
export interface KubernetesEvent {
  readonly kind: "Event";
  readonly apiVersion: "audit.k8s.io/v1";
  readonly level: Exclude<AuditLevel, "None">;
  readonly auditID: string;
  readonly stage: PolicyStage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: UserInfo;
  readonly impersonatedUser?: UserInfo;
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: ObjectReference;
  readonly responseStatus?: Status;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface UserInfo {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

interface ObjectReference {
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly apiGroup?: string;
  readonly apiVersion?: string;
  readonly resourceVersion?: string;
  readonly subresource?: string;
}

interface Status {
  readonly metadata: Readonly<Record<string, never>>;
  readonly status?: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: NonNullable<AuditEvent["responseStatus"]>["details"];
  readonly code: number;
}

/** What goes out of a record by a policy, in the order of stages. Of the end of a list, `listed` is what it disclosed. */
export function kubernetesEvents(
  event: AuditEvent,
  policy: AuditPolicy,
  listed?: NamesOfList | "unknown",
): KubernetesEvent[] {
  const scope = auditScope(policy, auditedRequest(event));
  const { level } = scope;
  if (level === "None") return [];
  return stagesOf(event)
    .filter((stage) => !scope.omitStages.includes(stage))
    .map((stage) => (stage === "RequestReceived" ? received(event, level) : told(event, { level, stage, listed })));
}

/** The request as a policy saw it when it came: without what came of it. */
export function auditedRequest(event: AuditEvent): AuditedRequest {
  const { user, verb, objectRef } = event;
  return {
    user: isUnauthenticated(event) ? undefined : { name: user.username, groups: user.groups },
    verb,
    resource:
      objectRef === undefined
        ? undefined
        : {
            apiGroup: objectRef.apiGroup ?? "",
            resource: objectRef.resource,
            subresource: objectRef.subresource ?? "",
            namespace: objectRef.namespace ?? "",
            name: requestedName(event),
          },
    path: objectRef === undefined ? (event.requestURI.split("?", 1)[0] ?? "") : undefined,
  };
}

/** Whose credential counted for nobody. */
function isUnauthenticated({ responseStatus }: AuditEvent): boolean {
  return responseStatus?.code === 401;
}

/** The name in the path. Whoever creates an object names it in the body, but for who does so where only another method is. */
function requestedName({ verb, objectRef, requestURI }: AuditEvent): string {
  const { name = "", namespace, apiGroup, subresource } = objectRef ?? {};
  if (verb !== "create" || subresource !== undefined) return name;
  // /api/v1 or /apis/GROUP/VERSION, and /namespaces/NAMESPACE, and the resource come before it.
  const before = (apiGroup === undefined ? 3 : 4) + (namespace === undefined ? 0 : 2) + 1;
  const path = requestURI.split("?", 1)[0] ?? "";
  return path.split("/").length > before ? name : "";
}

/**
 * The stages that upstream would have told by now. Of a request that is short it has the beginning and the end; the beginning of
 * one that lasts is told when the answer begins.
 */
function stagesOf(event: AuditEvent): readonly PolicyStage[] {
  if (event.reported !== undefined) return reportedStages.filter((stage) => stage === event.stage);
  const lasts = event.verb === "watch";
  switch (event.stage) {
    // An intent, or the attempt to record: what comes of it is told, with the beginning.
    case "RequestReceived":
    // There are no such stages upstream.
    case "Changed":
    case "Disclosed":
      return [];
    case "ResponseStarted":
      return lasts ? ["RequestReceived", "ResponseStarted"] : [];
    case "ResponseComplete":
      // Upstream tells of these by another handler, which knows this stage only.
      if (isUnauthenticated(event)) return ["ResponseStarted"];
      if (!lasts) return ["RequestReceived", "ResponseComplete"];
      return event.streamID === undefined
        ? ["RequestReceived", "ResponseStarted", "ResponseComplete"]
        : ["ResponseComplete"];
    case "Panic":
      return ["RequestReceived", "Panic"];
    default:
      return event.stage satisfies never;
  }
}

/** What a cluster reports is told once, as it came. */
const reportedStages = ["ResponseStarted", "ResponseComplete", "Panic"] as const;

/** The event of the beginning: nothing that was found out since is in it. */
function received(event: AuditEvent, level: KubernetesEvent["level"]): KubernetesEvent {
  const name = requestedName(event);
  const { uid: _uid, resourceVersion: _version, name: _name, ...reference } = event.objectRef ?? { resource: "" };
  return {
    ...head(event, level, "RequestReceived"),
    user: userInfo(event.user),
    ...origin(event),
    ...(event.objectRef !== undefined && { objectRef: { ...reference, ...(name !== "" && { name }) } }),
    requestReceivedTimestamp: event.requestReceivedTimestamp,
    stageTimestamp: event.requestReceivedTimestamp,
  };
}

interface Telling {
  readonly level: KubernetesEvent["level"];
  readonly stage: PolicyStage;
  readonly listed: NamesOfList | "unknown" | undefined;
}

function told(event: AuditEvent, { level, stage, listed }: Telling): KubernetesEvent {
  const status = event.responseStatus === undefined ? undefined : statusOf(event.responseStatus);
  const annotations = { ...annotationsOf(event, level), ...listedAnnotations(listed) };
  return {
    ...head(event, level, stage),
    user: isUnauthenticated(event) ? {} : userInfo(event.user),
    ...(event.impersonatedUser !== undefined && { impersonatedUser: userInfo(event.impersonatedUser) }),
    ...origin(event),
    ...(event.objectRef !== undefined && { objectRef: event.objectRef }),
    ...(status !== undefined && { responseStatus: status }),
    ...bodies(event, level, status),
    requestReceivedTimestamp: event.requestReceivedTimestamp,
    stageTimestamp: event.stageTimestamp,
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

function head({ auditID, requestURI, verb }: AuditEvent, level: KubernetesEvent["level"], stage: PolicyStage) {
  return { kind: "Event", apiVersion: "audit.k8s.io/v1", level, auditID, stage, requestURI, verb } as const;
}

function origin({ sourceIPs, userAgent }: AuditEvent): Pick<KubernetesEvent, "sourceIPs" | "userAgent"> {
  return { ...(sourceIPs.length > 0 && { sourceIPs }), ...(userAgent !== "" && { userAgent }) };
}

function userInfo({ username, uid, groups, extra }: AuditEvent["user"]): UserInfo {
  return {
    ...(username !== "" && { username }),
    ...(uid !== undefined && uid !== "" && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra !== undefined && Object.keys(extra).length > 0 && { extra }),
  };
}

function statusOf({ code, reason, message, details }: NonNullable<AuditEvent["responseStatus"]>): Status {
  // A page that does not exist is answered with plain text; who accepts no form of a Status is not told of one.
  if (code === 406 || (code === 404 && message === undefined && details === undefined)) return { metadata: {}, code };
  const failed = code >= 400;
  return {
    metadata: {},
    ...(failed ? { status: "Failure" } : details !== undefined && { status: "Success" }),
    ...(message !== undefined && message !== "" && { message }),
    ...(reason !== undefined && reason !== "" && { reason }),
    ...(details !== undefined && { details }),
    code,
  };
}

function bodies(
  event: AuditEvent,
  level: AuditLevel,
  status: Status | undefined,
): Pick<KubernetesEvent, "requestObject" | "responseObject"> {
  const { requestObject, responseObject } = event;
  const failure = status?.status === "Failure" ? { kind: "Status", apiVersion: "v1", ...status } : undefined;
  const answered = responseObject ?? failure;
  return {
    ...(isAtLeast(level, "Request") && requestObject !== undefined && { requestObject }),
    ...(level === "RequestResponse" && answered !== undefined && { responseObject: answered }),
  };
}

/** Ours are under names of ours, and tell what upstream's fields have no place for. */
function annotationsOf(event: AuditEvent, level: AuditLevel): Record<string, string> {
  const { annotations, cut, door, metadataOnly, onBehalfOf, refusals, reported, requestObject, responseObject } = event;
  const hasBody = requestObject !== undefined || responseObject !== undefined;
  const isMasked = hasBody && isAtLeast(level, "Request") && holdsValues(auditedRequest(event).resource);
  return {
    ...annotations,
    ...(door !== "kubernetes" && { "audit.strongroom.dev/door": door }),
    ...(reported !== undefined && { "audit.strongroom.dev/reported-by": reported.cluster }),
    ...(disclosureCount(event) > 0 && {
      "audit.strongroom.dev/disclosed": disclosedText(disclosuresOf(event), disclosureCount(event)),
    }),
    ...(metadataOnly === true && { "audit.strongroom.dev/metadata-only": "true" }),
    ...(onBehalfOf !== undefined && { "audit.strongroom.dev/on-behalf-of": podsText(onBehalfOf) }),
    ...(cut === true && { "audit.strongroom.dev/cut": "true" }),
    ...(isMasked && { "audit.strongroom.dev/values-masked": "true" }),
    ...(refusals !== undefined && { "audit.strongroom.dev/refusals": String(refusals.count) }),
  };
}

function podsText({ pods, others = 0 }: NonNullable<AuditEvent["onBehalfOf"]>): string {
  const names = pods.map(({ namespace, name }) => `${namespace}/${name}`).join(" ");
  return others > 0 ? `${names} ${cutMark}, ${others} more` : names;
}

/** What is not known is not said to be nothing. */
function listedAnnotations(listed: NamesOfList | "unknown" | undefined): Record<string, string> {
  if (listed === undefined) return {};
  if (listed === "unknown") return { "audit.strongroom.dev/disclosed": cutMark };
  const { names, count, holdsValues } = listed;
  if (count === 0) return {};
  return {
    "audit.strongroom.dev/disclosed": disclosedText(names, count),
    ...(!holdsValues && { "audit.strongroom.dev/metadata-only": "true" }),
  };
}

function disclosedText(disclosed: readonly Disclosure[], count: number): string {
  const names = disclosed.slice(0, namesMax).map(({ namespace, name, resourceVersion, linkedFrom }) => {
    const source = linkedFrom === undefined ? "" : `(=${linkedFrom})`;
    return `${namespace}/${name}@${resourceVersion}${source}`;
  });
  return count > namesMax ? `${names.join(" ")} ${cutMark} of ${count}` : names.join(" ");
}
