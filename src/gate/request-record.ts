/** What is known of one request while it runs, as audit events. */
import type { Decision } from "../access/authorizer.ts";
import type { AuditEvent, AuditStage } from "../audit/audit-event.ts";
import type { BodyName, KeepBody } from "../audit/policy/kept-bodies.ts";
import { cutText } from "../audit/cut-text.ts";
import { anonymousUserName, unauthenticatedGroup } from "../identity/user.ts";
import type { User } from "../identity/user.ts";
import type { RequestLife } from "./admission.ts";
import type { ChangedObject } from "./request-changes.ts";
import { disclosedFields } from "./stream-disclosures.ts";
import type { Annotate, GateRequest, Impersonation, Outcome } from "./gate.ts";

/** Longest URI and user agent kept on record, in characters. That of the user agent is upstream's. */
const uriMax = 2048;
const userAgentMax = 1024;
/** Longest name of anything in an objectRef, in characters: three more than a name may have. */
const nameMax = 256;
/** Longest text that is noted of a request, in characters: as long as upstream takes it from a policy. */
const noteMax = 10 * 1024;

const hasBodies: ReadonlySet<AuditStage> = new Set(["ResponseStarted", "ResponseComplete", "Panic"]);

/** What is known of one request while it runs. */
export class RequestRecord implements RequestLife {
  readonly request: GateRequest;
  readonly #now: () => Date;
  user: User | undefined;
  impersonation: Impersonation | undefined;
  decision: Decision | undefined;
  streaming = false;
  streamId: string | undefined;
  /** Of the change whose outcome the next events tell. */
  intentID: string | undefined;
  /** What is kept of the bodies; undefined for nothing. */
  keep: KeepBody | undefined;
  #bodies: Pick<AuditEvent, "requestObject" | "responseObject"> | undefined;
  #ends: (() => void)[] = [];
  /** The name in what was sent. */
  #about = "";
  #notes: Readonly<Record<string, string>> | undefined;

  constructor(request: GateRequest, now: () => Date) {
    this.request = request;
    this.#now = now;
  }

  event(stage: AuditStage, fields: Partial<AuditEvent>): AuditEvent {
    const { request, user } = this;
    // What came of the request knows more of the object than what was asked.
    const objectRef = fields.objectRef ?? this.objectRef(undefined);
    // What is seldom there is assigned afterwards: to spread it costs each request.
    const event: Mutable<AuditEvent> = {
      auditID: request.auditId,
      stage,
      door: request.door,
      verb: request.verb,
      requestURI: cutText(request.uri, uriMax),
      user: user === undefined ? anonymous : recorded(user),
      sourceIPs: request.sourceIPs,
      userAgent: cutText(request.userAgent, userAgentMax),
      ...(objectRef !== undefined && { objectRef }),
      requestReceivedTimestamp: microseconds(request.receivedAt),
      stageTimestamp: microseconds(this.#now()),
    };
    if (this.streamId !== undefined) event.streamID = this.streamId;
    if (this.intentID !== undefined) event.intentID = this.intentID;
    if (this.impersonation !== undefined) event.impersonatedUser = recorded(this.impersonation.user);
    const annotations = this.#annotations();
    if (annotations !== undefined) event.annotations = annotations;
    if (this.#bodies !== undefined && hasBodies.has(stage)) Object.assign(event, this.#bodies);
    return Object.assign(event, fields);
  }

  /** The first text under a key stays, as upstream. */
  readonly annotate: Annotate = (key, text) => {
    this.#notes = { [key]: cutText(text, noteMax), ...this.#notes };
  };

  readonly about = (name: string): void => {
    this.#about = name;
  };

  readonly keepBody = (body: BodyName, read: () => string | undefined): void => {
    if (this.keep === undefined) return;
    const kept = this.keep(body, read);
    if (kept === undefined) return;
    if (kept === "left out") return this.annotate("audit.k8s.io/truncated", "true");
    this.#bodies = { ...this.#bodies, [`${body}Object`]: kept.object };
  };

  #annotations(): AuditEvent["annotations"] {
    const { decision } = this;
    if (decision === undefined) return this.#notes;
    // What is noted of a request, by whatever policy, never stands for what was decided of it.
    return {
      ...this.#notes,
      "authorization.k8s.io/decision": decision.type === "allow" ? "allow" : "forbid",
      "authorization.k8s.io/reason": cutText(decision.reason, noteMax),
      ...decision.annotations,
    };
  }

  /** What the last event of a request that was answered has of its answer. */
  outcome({ code, details, object, disclosed }: Outcome<unknown>): Partial<AuditEvent> {
    const objectRef = this.objectRef(object);
    return {
      responseStatus: { code, ...(details !== undefined && { details }) },
      ...(objectRef !== undefined && { objectRef }),
      ...(disclosed !== undefined && disclosed.length > 0 && disclosedFields(disclosed)),
    };
  }

  onEnd(callback: () => void): void {
    this.#ends.push(callback);
  }

  /** What the request came for has been done, or has failed. */
  end(): void {
    for (const callback of this.#ends.splice(0)) callback();
  }

  objectRef(object: Outcome<unknown>["object"] | ChangedObject): AuditEvent["objectRef"] {
    const resource = this.request.resource;
    if (resource === undefined) return undefined;
    // What is asked for may be no name at all.
    const name = cutText(object?.name ?? (resource.name === "" ? this.#about : resource.name), nameMax);
    return {
      resource: cutText(resource.resource, nameMax),
      ...(resource.namespace !== "" && { namespace: cutText(resource.namespace, nameMax) }),
      ...(name !== "" && { name }),
      ...(object?.uid !== undefined && { uid: object.uid }),
      ...(object?.resourceVersion !== undefined && { resourceVersion: object.resourceVersion }),
      ...(resource.apiGroup !== "" && { apiGroup: cutText(resource.apiGroup, nameMax) }),
      apiVersion: cutText(resource.apiVersion, nameMax),
      ...(resource.subresource !== "" && { subresource: cutText(resource.subresource, nameMax) }),
    };
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const anonymous: AuditEvent["user"] = { username: anonymousUserName, groups: [unauthenticatedGroup] };

function recorded({ name, uid, groups, extra }: User): AuditEvent["user"] {
  return {
    username: name,
    ...(uid !== undefined && { uid }),
    groups,
    ...(extra.size > 0 && { extra: Object.fromEntries(extra) }),
  };
}

/** RFC 3339 with six fractional digits, as upstream prints MicroTime. */
export function microseconds(time: Date): string {
  const timeMs = time.getTime();
  if (timeMs !== printed.timeMs) printed = { timeMs, text: `${time.toISOString().slice(0, -1)}000Z` };
  return printed.text;
}

/** The last time printed: the events of a millisecond share it. */
let printed = { timeMs: 0, text: "1970-01-01T00:00:00.000000Z" };
