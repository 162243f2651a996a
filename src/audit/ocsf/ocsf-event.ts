/**
 * A record as an event of OCSF 1.8 (schema.ocsf.io). What has no attribute there is under `unmapped`, so that nothing is lost; bodies
 * of requests never go out in this form.
 */
import type { AuditEvent } from "../audit-event.ts";
import type { RecordedDisclosure } from "../disclosures.ts";
import type { EntryPart } from "../followers/disclosure-parts.ts";
import { apiActivity, authentication, entityManagement, ocsfActivity } from "./ocsf-class.ts";
import type { OcsfActivity } from "./ocsf-class.ts";

const schemaVersion = "1.8.0";

export type OcsfEvent = Readonly<Record<string, unknown>>;

/** `version` is that of the product. */
export function ocsfEvent({ position, event, part }: EntryPart, version: string): OcsfEvent {
  const activity = ocsfActivity(event);
  return {
    ...classification(activity),
    ...outcome(event),
    time: Date.parse(event.stageTimestamp),
    start_time: Date.parse(event.requestReceivedTimestamp),
    metadata: {
      version: schemaVersion,
      product: { name: "Strongroom", vendor_name: "Strongroom", version },
      uid: part === undefined ? String(position) : `${position}-${part.part}`,
      sequence: position,
      correlation_uid: event.streamID ?? event.auditID,
      log_name: "audit",
      original_time: event.stageTimestamp,
    },
    actor: actorOf(event),
    src_endpoint: sourceOf(event),
    ...httpRequestOf(event),
    ...subjectOf(activity, event),
    unmapped: { ...unmappedOf(event, part), ...(activity.class !== apiActivity && { api: apiOf(event) }) },
  };
}

function classification({ class: of, id, name }: OcsfActivity) {
  return {
    class_uid: of.uid,
    class_name: of.name,
    category_uid: of.category.uid,
    category_name: of.category.name,
    activity_id: id,
    activity_name: name,
    type_uid: of.uid * 100 + id,
  };
}

const severities = { informational: 1, low: 2, medium: 3 } as const;

function outcome({ responseStatus }: AuditEvent) {
  if (responseStatus === undefined) return { severity_id: severities.informational, status_id: 0 };
  const { code, message, reason } = responseStatus;
  const refused = code === 401 || code === 403;
  return {
    severity_id: code >= 500 ? severities.medium : refused ? severities.low : severities.informational,
    status_id: code < 400 ? 1 : 2,
    status: code < 400 ? "Success" : "Failure",
    status_code: String(code),
    ...((message ?? reason) !== undefined && { status_detail: message ?? reason }),
  };
}

/** The records of watches name their streams, not users: the watch's own record says whose it is. */
function actorOf(event: AuditEvent) {
  const { user, annotations = {}, impersonatedUser, reported } = event;
  if (user.username === "") return { app_name: reported === undefined ? "watch streams" : "unknown" };
  const decision = annotations["authorization.k8s.io/decision"];
  const reason = annotations["authorization.k8s.io/reason"] ?? "";
  const credential = user.extra?.["authentication.kubernetes.io/credential-id"]?.[0];
  return {
    user: userOf(user),
    ...(impersonatedUser !== undefined && { invoked_by: impersonatedUser.username }),
    ...((credential !== undefined || event.streamID !== undefined) && {
      session: {
        ...(event.streamID !== undefined && { uid: event.streamID }),
        ...(credential !== undefined && { credential_uid: credential }),
      },
    }),
    ...(decision !== undefined && {
      authorizations: [{ decision, ...(reason !== "" && { policy: { name: reason } }) }],
    }),
  };
}

function userOf({ username, uid, groups }: AuditEvent["user"]) {
  const isService = username.startsWith("system:serviceaccount:");
  return {
    name: username,
    ...(uid !== undefined && { uid }),
    type_id: isService ? 4 : username.startsWith("system:") ? 3 : 1,
    type: isService ? "Service" : username.startsWith("system:") ? "System" : "User",
    ...(groups.length > 0 && { groups: groups.map((name) => ({ name })) }),
  };
}

function apiOf({ verb, auditID, objectRef, responseStatus, door }: AuditEvent) {
  return {
    operation: verb,
    service: { name: door },
    ...(objectRef !== undefined && { version: objectRef.apiVersion }),
    ...(objectRef?.apiGroup !== undefined && { group: { name: objectRef.apiGroup } }),
    request: { uid: auditID },
    ...(responseStatus !== undefined && {
      response: {
        code: responseStatus.code,
        ...(responseStatus.reason !== undefined && { error: responseStatus.reason }),
        ...(responseStatus.message !== undefined && { error_message: responseStatus.message }),
      },
    }),
  };
}

function sourceOf({ sourceIPs, door }: AuditEvent) {
  const ip = sourceIPs.at(-1) ?? "";
  return ip === "" ? { name: door } : { ip };
}

/** What a header claims of where it came from is not the source. */
function httpRequestOf({ requestURI, userAgent, sourceIPs }: AuditEvent) {
  if (requestURI === "") return {};
  const [path = "", query] = requestURI.split("?", 2);
  return {
    http_request: {
      url: { path, ...(query !== undefined && { query_string: query }) },
      ...(userAgent !== "" && { user_agent: userAgent }),
      ...(sourceIPs.length > 1 && { x_forwarded_for: sourceIPs.slice(0, -1) }),
    },
  };
}

function subjectOf({ class: of }: OcsfActivity, event: EntryPart["event"]) {
  switch (of) {
    case authentication:
      return {
        service: { name: "strongroom" },
        user: userOf(event.impersonatedUser ?? event.user),
        is_remote: event.sourceIPs.length > 0,
      };
    case entityManagement:
      return { entity: entityOf(event) };
    case apiActivity:
      return { api: apiOf(event), ...resourcesOf(event) };
    default:
      return {};
  }
}

function typeOf({ resource, subresource }: NonNullable<AuditEvent["objectRef"]>): string {
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}

function entityOf({ objectRef }: AuditEvent) {
  if (objectRef === undefined) return { name: "none" };
  const { name, uid, resourceVersion } = objectRef;
  return {
    // Of all that a deletecollection deletes, what it is a collection of.
    name: name ?? objectRef.resource,
    type: typeOf(objectRef),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { version: resourceVersion }),
  };
}

/** The secrets that were disclosed; where there are none, what was asked for. */
function resourcesOf({ disclosed = [], objectRef }: EntryPart["event"]) {
  if (disclosed.length > 0) return { resources: disclosed.map(disclosedResource) };
  if (objectRef === undefined) return {};
  const { name, uid, namespace, resourceVersion } = objectRef;
  if (name === undefined && uid === undefined) return {};
  return {
    resources: [
      {
        ...(name !== undefined && { name }),
        ...(uid !== undefined && { uid }),
        ...(namespace !== undefined && { namespace }),
        ...(resourceVersion !== undefined && { version: resourceVersion }),
        type: typeOf(objectRef),
      },
    ],
  };
}

/** Labels say what of it left: metadata only, or the values of which keys; and whose values they are, of one that is linked. */
function disclosedResource(disclosure: RecordedDisclosure) {
  const { namespace, name, uid, resourceVersion, metadataOnly, keys = [], linkedFrom } = disclosure;
  const what = metadataOnly ? ["metadata-only"] : ["values", ...keys.map((key) => `key:${key}`)];
  const labels = linkedFrom === undefined ? what : [...what, `linked-from:${linkedFrom}`];
  return { name, uid, namespace, version: resourceVersion, type: "secrets", labels };
}

/** What has no attribute in its class, and what a reader of our own form looks for. Never bodies. */
function unmappedOf(event: AuditEvent, part: EntryPart["part"]) {
  const { stage, door, annotations, impersonatedUser, objectRef, streams, metadataOnly, refusals, user } = event;
  const { onBehalfOf, cut, reported } = event;
  return {
    stage,
    door,
    ...(objectRef !== undefined && { objectRef }),
    ...(user.extra !== undefined && { userExtra: user.extra }),
    ...(impersonatedUser !== undefined && { impersonatedUser }),
    ...(annotations !== undefined && { annotations }),
    ...(streams !== undefined && { streams }),
    ...(metadataOnly === true && { metadataOnly }),
    ...(refusals !== undefined && { refusals }),
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    ...(cut === true && { cut }),
    ...(reported !== undefined && { reported }),
    ...part,
  };
}
