/**
 * The one pipeline every request of every door passes:
 *
 *   audit( authenticate -> impersonate -> authorize -> do( admit ) )
 *
 * Invariants:
 * - audit brackets everything, failed authentication included, and is durable
 *   before any byte of the answer is handed back to the door;
 * - authorization comes before existence: `do` runs only after allow;
 * - whatever is not allow is a refusal, an error included;
 * - while events cannot be recorded, nothing is done (the intent is recorded first).
 */
import type { Attributes, Authorizer, Decision } from "../access/authorizer.ts";
import type { AuditEvent, AuditSink, AuditStage, Disclosure } from "../audit/audit-event.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { anonymousUserName, unauthenticatedGroup } from "../identity/user.ts";
import type { User } from "../identity/user.ts";
import type { Admission, AdmissionRequest } from "./admission.ts";
import { StreamDisclosures } from "./stream-disclosures.ts";

/** A request as the gate sees it, described by a door. */
export interface GateRequest {
  readonly auditId: string;
  readonly door: string;
  readonly verb: string;
  readonly uri: string;
  readonly sourceIPs: readonly string[];
  readonly userAgent: string;
  readonly receivedAt: Date;
  readonly resource: Attributes["resource"];
  readonly path: string | undefined;
  /** Who is asking; raises `unauthenticated`. Called once. */
  readonly authenticate: () => Promise<User>;
  /**
   * Rights that are enough for a lesser answer to the same request, asked in order where the one to the request is
   * missing.
   */
  readonly lesser?: () => readonly LesserRight[];
  /** Whom the caller asks to be instead; raises what is wrong with that. Called once, after authentication. */
  readonly impersonate?: () => Impersonation | undefined;
  /** How the door will answer an error, for the record. */
  readonly describeError: (error: unknown) => { readonly code: number; readonly reason: string };
}

/**
 * What is less than the whole answer:
 * - `metadata`: names and metadata, no values;
 * - `filtered`: the objects that the caller may read one by one, and no others.
 */
export type LesserAnswer = "metadata" | "filtered";

export interface LesserRight {
  readonly answer: LesserAnswer;
  /** Undefined where everybody may ask: the answer itself leaves out what they may not read. */
  readonly needs: Attributes["resource"];
}

/** Somebody that a caller asks to be. */
export interface Impersonation {
  readonly user: User;
  /** What the caller must have the right to `impersonate`: the user, each group, ... */
  readonly needs: readonly NonNullable<Attributes["resource"]>[];
}

/** What `do` hands back: an answer, and what must be on record before it leaves. */
export interface Outcome<T> {
  readonly answer: T;
  readonly code: number;
  /** The secrets whose values the answer contains. */
  readonly disclosed?: readonly Disclosure[] | undefined;
  /** The answer has names or metadata of the `disclosed`, not values. */
  readonly metadataOnly?: boolean | undefined;
  /** The object acted on, where the request did not name it (generateName) or its version matters. */
  readonly object?: { readonly name: string; readonly uid: string; readonly resourceVersion: string } | undefined;
}

/** A piece of a streamed answer with the secrets whose values are in it. */
export interface StreamPiece {
  readonly bytes: Buffer;
  readonly disclosed: readonly Disclosure[];
  /** A change that many watches receive at the same time: they share one record of it. */
  readonly live?: boolean;
  /** Values are in it although the stream is one of metadata. */
  readonly holdsValues?: boolean;
}

export interface GateContext {
  /** Who acts: the caller, or whom they impersonate. */
  readonly user: User;
  /** All that the caller has a right to, where it is less than the request: `action` must answer no more. */
  readonly lesser: LesserAnswer | undefined;
  /** Asks for another verb on the same resource, where a request turns out to need it; raises {@link ForbiddenError}. */
  authorize(verb: string): Promise<void>;
  /** What the authorizer says of any attributes, for answers about rights. */
  decide(attributes: Attributes): Promise<Decision>;
  /**
   * Admission of a change, called after merging with old and new, and again on
   * each retry; raises what forbids it.
   */
  admit(operation: AdmissionRequest): Promise<void>;
  /**
   * Wraps a streamed answer: a piece comes out only after its disclosures are
   * durable, and the end of the stream (however it ends) is on record.
   */
  audited(pieces: AsyncIterable<StreamPiece>, options: StreamOptions): AsyncGenerator<Buffer>;
}

export interface StreamOptions {
  readonly metadataOnly: boolean;
  /** A watch, which is given an id: the records of what it shares with others name it by that. */
  readonly live?: boolean;
}

export interface GateOptions {
  readonly audit: AuditSink;
  readonly authorizer: Authorizer;
  readonly admission: Admission;
  readonly now: () => Date;
  readonly uuid: () => string;
}

export class Gate {
  readonly #audit: AuditSink;
  readonly #authorizer: Authorizer;
  readonly #admission: Admission;
  readonly #now: () => Date;
  readonly #uuid: () => string;
  readonly #disclosures: StreamDisclosures;
  #recordingFailed = false;

  constructor(options: GateOptions) {
    this.#audit = options.audit;
    this.#authorizer = options.authorizer;
    this.#admission = options.admission;
    this.#now = options.now;
    this.#uuid = options.uuid;
    this.#disclosures = new StreamDisclosures((event) => this.#write(event), options);
  }

  /**
   * Runs `action` for a caller who may, and resolves to its answer when it is on
   * record. Raises `unauthenticated`, {@link ForbiddenError}, `unavailable` (the
   * event could not be recorded), and whatever `action` raises.
   */
  async run<T>(request: GateRequest, action: (context: GateContext) => Promise<Outcome<T>>): Promise<T> {
    const record = new RequestRecord(request, this.#now);
    if (this.#recordingFailed) await this.#write(record.event("RequestReceived", {}));
    let outcome: Outcome<T>;
    try {
      const caller = (record.user = await request.authenticate());
      const user = (record.impersonatedUser = await this.#impersonate(caller, request)) ?? caller;
      const lesser = await this.#authorize(record, user);
      outcome = await action(this.#context(user, record, lesser));
    } catch (error) {
      await this.#write(record.event("ResponseComplete", { responseStatus: request.describeError(error) }));
      throw error;
    }
    const stage: AuditStage = record.streaming ? "ResponseStarted" : "ResponseComplete";
    await this.#write(record.event(stage, outcomeFields(outcome, record)));
    return outcome.answer;
  }

  async #impersonate(caller: User, request: GateRequest): Promise<User | undefined> {
    const asked = request.impersonate?.();
    for (const resource of asked?.needs ?? []) {
      const attributes = { user: caller, verb: "impersonate", resource, path: undefined };
      requireAllow(attributes, await this.#authorizer.authorize(attributes));
    }
    return asked?.user;
  }

  /** Notes the decision; resolves to the lesser answer that there is a right to, if not to the whole one. */
  async #authorize(record: RequestRecord, user: User): Promise<LesserAnswer | undefined> {
    const { request } = record;
    const attributes = attributesOf(request, user);
    const decision = (record.decision = await this.#authorizer.authorize(attributes));
    if (decision.type === "allow") return undefined;
    for (const { answer, needs } of request.lesser?.() ?? []) {
      const enough =
        needs === undefined ? selfFiltered : await this.#authorizer.authorize({ ...attributes, resource: needs });
      if (enough.type !== "allow") continue;
      record.decision = enough;
      return answer;
    }
    throw new ForbiddenError(attributes, decision.reason);
  }

  #context(user: User, record: RequestRecord, lesser: LesserAnswer | undefined): GateContext {
    const { request } = record;
    const decide = (attributes: Attributes) => this.#authorizer.authorize(attributes);
    return {
      user,
      lesser,
      decide,
      authorize: async (verb) => {
        const attributes = attributesOf({ ...request, verb }, user);
        requireAllow(attributes, await decide(attributes));
      },
      admit: (operation) =>
        this.#admission.admit({ ...operation, user, requestedName: request.resource?.name ?? "", decide }),
      audited: (pieces, options) => {
        record.streaming = true;
        if (options.live === true) record.streamId = this.#uuid();
        return this.#auditedPieces(record, pieces, options);
      },
    };
  }

  async *#auditedPieces(
    record: RequestRecord,
    pieces: AsyncIterable<StreamPiece>,
    options: StreamOptions,
  ): AsyncGenerator<Buffer> {
    let code = 200;
    try {
      for await (const piece of pieces) {
        if (piece.disclosed.length > 0) await this.#recordPiece(record, piece, options);
        yield piece.bytes;
      }
    } catch (error) {
      code = record.request.describeError(error).code;
      throw error;
    } finally {
      await this.#write(record.event("ResponseComplete", { responseStatus: { code } }));
    }
  }

  #recordPiece(record: RequestRecord, piece: StreamPiece, options: StreamOptions): Promise<void> {
    const metadataOnly = options.metadataOnly && piece.holdsValues !== true;
    if (piece.live === true && record.streamId !== undefined) {
      return this.#disclosures.record(record.streamId, record.request.door, piece.disclosed, metadataOnly);
    }
    const fields = { disclosed: piece.disclosed, ...(metadataOnly && { metadataOnly: true }) };
    return this.#write(record.event("Disclosed", fields));
  }

  async #write(event: AuditEvent): Promise<void> {
    try {
      await this.#audit.write(event);
      this.#recordingFailed = false;
    } catch (error) {
      this.#recordingFailed = true;
      throw new StrongroomError("unavailable", "the audit log must accept the record of this request", {
        cause: error,
      });
    }
  }
}

function attributesOf({ verb, resource, path }: GateRequest, user: User): Attributes {
  return { user, verb, resource, path };
}

const selfFiltered: Decision = { type: "allow", reason: "filtered: only what the caller may read is in the answer" };

/** Whatever is not allow is a refusal. */
function requireAllow(attributes: Attributes, decision: Decision): void {
  if (decision.type !== "allow") throw new ForbiddenError(attributes, decision.reason);
}

/** The caller is known and may not do this; carries the attributes for the door's message. */
export class ForbiddenError extends StrongroomError {
  readonly attributes: Attributes;
  /** What the authorizer chose to tell the caller; may be empty. */
  readonly reason: string;

  constructor(attributes: Attributes, reason: string) {
    super("denied", "the caller must have the right to this request");
    this.attributes = attributes;
    this.reason = reason;
  }
}

function outcomeFields<T>(outcome: Outcome<T>, record: RequestRecord): Partial<AuditEvent> {
  const { disclosed } = outcome;
  const objectRef = record.objectRef(outcome.object);
  return {
    responseStatus: { code: outcome.code },
    ...(objectRef !== undefined && { objectRef }),
    ...(disclosed !== undefined && disclosed.length > 0 && { disclosed }),
    ...(outcome.metadataOnly === true && { metadataOnly: true }),
  };
}

/** Longest URI and user agent kept on record, in characters. */
const uriMax = 2048;
const userAgentMax = 1024;

/** What is known of one request while it runs. */
class RequestRecord {
  readonly request: GateRequest;
  readonly #now: () => Date;
  user: User | undefined;
  impersonatedUser: User | undefined;
  decision: Decision | undefined;
  streaming = false;
  streamId: string | undefined;

  constructor(request: GateRequest, now: () => Date) {
    this.request = request;
    this.#now = now;
  }

  event(stage: AuditStage, fields: Partial<AuditEvent>): AuditEvent {
    const { request, user } = this;
    const objectRef = this.objectRef(undefined);
    return {
      auditID: request.auditId,
      ...(this.streamId !== undefined && { streamID: this.streamId }),
      stage,
      door: request.door,
      verb: request.verb,
      requestURI: request.uri.slice(0, uriMax),
      user: user === undefined ? anonymous : recorded(user),
      ...(this.impersonatedUser !== undefined && { impersonatedUser: recorded(this.impersonatedUser) }),
      sourceIPs: request.sourceIPs,
      userAgent: request.userAgent.slice(0, userAgentMax),
      ...(objectRef !== undefined && { objectRef }),
      requestReceivedTimestamp: microseconds(request.receivedAt),
      stageTimestamp: microseconds(this.#now()),
      ...(this.decision !== undefined && {
        annotations: {
          "authorization.k8s.io/decision": this.decision.type === "allow" ? "allow" : "forbid",
          "authorization.k8s.io/reason": this.decision.reason,
        },
      }),
      ...fields,
    };
  }

  objectRef(object: Outcome<unknown>["object"]): AuditEvent["objectRef"] {
    const resource = this.request.resource;
    if (resource === undefined) return undefined;
    const name = object?.name ?? resource.name;
    return {
      resource: resource.resource,
      ...(resource.namespace !== "" && { namespace: resource.namespace }),
      ...(name !== "" && { name }),
      ...(object !== undefined && { uid: object.uid, resourceVersion: object.resourceVersion }),
      ...(resource.apiGroup !== "" && { apiGroup: resource.apiGroup }),
      apiVersion: resource.apiVersion,
      ...(resource.subresource !== "" && { subresource: resource.subresource }),
    };
  }
}

const anonymous: AuditEvent["user"] = { username: anonymousUserName, groups: [unauthenticatedGroup] };

function recorded({ name, uid, groups }: User): AuditEvent["user"] {
  return { username: name, ...(uid !== undefined && { uid }), groups };
}

/** RFC 3339 with six fractional digits, as upstream prints MicroTime. */
export function microseconds(time: Date): string {
  const timeMs = time.getTime();
  if (timeMs !== printed.timeMs) printed = { timeMs, text: `${time.toISOString().slice(0, -1)}000Z` };
  return printed.text;
}

/** The last time printed: the events of a millisecond share it. */
let printed = { timeMs: 0, text: "1970-01-01T00:00:00.000000Z" };
