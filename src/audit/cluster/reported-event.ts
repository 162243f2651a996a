/**
 * An event of `audit.k8s.io/v1` that a cluster sends, as a record of ours. Everything in it comes from outside: it is taken field by
 * field, each of its type and of a bounded length, without control characters. Bodies are never taken: those of secrets hold values.
 *
 * Source: apiserver pkg/apis/audit/v1/types.go.
 */
import { isIP } from "node:net";
import { auditStages, microsecondsOf } from "../audit-event.ts";
import type { AuditEvent, AuditStage } from "../audit-event.ts";
import { cutText } from "../cut-text.ts";
import type { ReportingCluster } from "./cluster-audit-config.ts";
import { doorOfCluster } from "./cluster-door.ts";

/** What was made of something that a cluster sent. */
export type ReadReport =
  | { readonly type: "event"; readonly event: AuditEvent; readonly hadBody: boolean }
  /** It says nothing of a secret, or repeats itself before there is an answer. */
  | { readonly type: "passed-over" }
  /** It is no event. */
  | { readonly type: "unreadable" };

const reportedStages: ReadonlySet<string> = new Set(["ResponseStarted", "ResponseComplete", "Panic"]);
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
/** Clocks of clusters may go before ours by so much; what is later than that was not then. */
const aheadMsMax = 5 * 60 * 1000;
/** The time that a record had which cannot be. */
export const reportedTimeKey = "audit.strongroom.dev/reported-time";
/** Bodies were sent, and not kept. */
export const bodyDroppedKey = "audit.strongroom.dev/body-dropped";

const max = { id: 128, verb: 64, uri: 2048, user: 1024, group: 256, name: 256, text: 512, agent: 1024, time: 64 };
const groupsMax = 64;
const addressesMax = 16;
/** What is kept of what authentication knows of a user there. */
const extraKeys = ["credential-id", "node-name", "pod-name", "pod-uid"].map(
  (key) => `authentication.kubernetes.io/${key}`,
);
const annotationKeys = ["authorization.k8s.io/decision", "authorization.k8s.io/reason", "audit.k8s.io/truncated"];

/** Reads what a cluster sent as one event. Raises nothing. */
export function readReport(value: unknown, cluster: ReportingCluster, now: Date): ReadReport {
  const [id, stage, verb] = [textAt(value, "auditID"), textAt(value, "stage"), plainAt(value, max.verb, "verb")];
  if (id === "" || verb === "" || !isStage(stage)) return { type: "unreadable" };
  const isSecrets =
    textAt(value, "objectRef", "resource") === "secrets" && textAt(value, "objectRef", "apiGroup") === "";
  if (!isSecrets || !reportedStages.has(stage) || isToldAgain(value, stage)) return { type: "passed-over" };
  const objectRef = objectOf(value, cluster);
  if (objectRef === undefined) return { type: "unreadable" };
  const hadBody = at(value, "requestObject") !== undefined || at(value, "responseObject") !== undefined;
  const impersonated = at(value, "impersonatedUser");
  const event: AuditEvent = {
    auditID: plain(id, max.id),
    stage,
    door: doorOfCluster(cluster.name),
    verb,
    requestURI: plainAt(value, max.uri, "requestURI"),
    user: userOf(at(value, "user")),
    ...(isObject(impersonated) && { impersonatedUser: userOf(impersonated) }),
    sourceIPs: textsAt(value, "sourceIPs")
      .filter((address) => isIP(address) !== 0)
      .slice(-addressesMax),
    userAgent: plainAt(value, max.agent, "userAgent"),
    objectRef,
    ...statusOf(at(value, "responseStatus")),
    ...timesOf(value, { hadBody, now }),
    reported: {
      cluster: cluster.name,
      namespacePrefix: cluster.namespacePrefix,
      receivedTimestamp: microsecondsOf(now),
    },
  };
  return { type: "event", event, hadBody };
}

/**
 * What tells an event from all others of its cluster, also after it was sent again or read back. The id alone does not: clients of an
 * API server may choose it, so that one could hide what it does behind the id of something that is on record.
 */
export function identityOf(event: AuditEvent): string {
  const { auditID, stage, verb, requestURI, user, impersonatedUser, objectRef, annotations, stageTimestamp } = event;
  return JSON.stringify([
    auditID,
    stage,
    annotations?.[reportedTimeKey] ?? stageTimestamp,
    verb,
    requestURI,
    user.username,
    impersonatedUser?.username,
    objectRef?.namespace,
    objectRef?.name,
  ]);
}

/** A watch that was refused has a beginning and an end; who is nobody has a beginning alone. */
function isToldAgain(value: unknown, stage: AuditStage): boolean {
  const code = at(value, "responseStatus", "code");
  return stage === "ResponseStarted" && typeof code === "number" && code >= 400 && code !== 401;
}

function isStage(stage: string): stage is AuditStage {
  return auditStages.some((known) => known === stage);
}

/** Undefined for a namespace that cannot be one. */
function objectOf(value: unknown, { namespacePrefix }: ReportingCluster): AuditEvent["objectRef"] | undefined {
  const reference = at(value, "objectRef");
  const namespace = textAt(reference, "namespace");
  if (namespace !== "" && !namespacePattern.test(namespace)) return undefined;
  const optional = ["name", "uid", "resourceVersion", "subresource"] as const;
  const given = optional.map((field) => [field, plainAt(reference, max.name, field)] as const);
  return {
    resource: "secrets",
    ...(namespace !== "" && { namespace: namespacePrefix + namespace }),
    ...Object.fromEntries(given.filter(([, text]) => text !== "")),
    apiVersion: plainAt(reference, max.name, "apiVersion"),
  };
}

function userOf(user: unknown): AuditEvent["user"] {
  const uid = plainAt(user, max.name, "uid");
  const extra = extraKeys.flatMap((key) => {
    const [text] = textsAt(user, "extra", key);
    return text === undefined ? [] : [[key, [plain(text, max.name)]] as const];
  });
  return {
    username: plainAt(user, max.user, "username"),
    ...(uid !== "" && { uid }),
    groups: textsAt(user, "groups")
      .slice(0, groupsMax)
      .map((group) => plain(group, max.group)),
    ...(extra.length > 0 && { extra: Object.fromEntries(extra) }),
  };
}

/** Without the message, which may quote what was sent. */
function statusOf(status: unknown): Pick<AuditEvent, "responseStatus"> {
  const code = at(status, "code");
  if (typeof code !== "number" || !Number.isInteger(code) || code < 100 || code > 599) return {};
  const reason = plainAt(status, max.verb, "reason");
  return { responseStatus: { code, ...(reason !== "" && { reason }) } };
}

/** When it was, as far as that can be: a time that cannot be gives way to that of its arrival, and is told beside it. */
function timesOf(
  value: unknown,
  { hadBody, now }: { readonly hadBody: boolean; readonly now: Date },
): Pick<AuditEvent, "requestReceivedTimestamp" | "stageTimestamp" | "annotations"> {
  const [received, told] = [textAt(value, "requestReceivedTimestamp"), textAt(value, "stageTimestamp")];
  const isTold = canBe(told, now);
  const stageTimestamp = isTold ? told : microsecondsOf(now);
  const kept = annotationKeys.map((key) => [key, plainAt(value, max.text, "annotations", key)] as const);
  const annotations = [
    ...kept.filter(([, text]) => text !== ""),
    ...(isTold ? [] : [[reportedTimeKey, plain(told, max.time)] as const]),
    ...(hadBody ? [[bodyDroppedKey, "true"] as const] : []),
  ];
  return {
    requestReceivedTimestamp: canBe(received, now) ? received : stageTimestamp,
    stageTimestamp,
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
  };
}

function canBe(time: string, now: Date): boolean {
  if (!timePattern.test(time)) return false;
  const timeMs = Date.parse(time);
  return timeMs >= 0 && timeMs <= now.getTime() + aheadMsMax;
}

// oxlint-disable-next-line no-control-regex -- these are what must go
const control = /[\u0000-\u001f\u007f-\u009f]/g;

function plain(text: string, charactersMax: number): string {
  return cutText(text, charactersMax).replace(control, "\ufffd").toWellFormed();
}

function plainAt(value: unknown, charactersMax: number, ...path: readonly string[]): string {
  return plain(textAt(value, ...path), charactersMax);
}

function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter((each) => typeof each === "string") : [];
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
