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
import type { Attributes, Authorizer, Decision, Reach, ResourceAttributes } from "../access/authorizer.ts";
import type {
  AuditEvent,
  AuditSink,
  AuditStage,
  Disclosure,
  OnBehalfOf,
  ResponseStatus,
  WriteOptions,
} from "../audit/audit-event.ts";
import type { BodyName, KeepBodies } from "../audit/policy/kept-bodies.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { User } from "../identity/user.ts";
import type { Admission, AdmissionRequest } from "./admission.ts";
import { auditedPieces } from "./audited-stream.ts";
import { OpenStreams, RightsChangedError } from "./open-streams.ts";
import type { LiveStream, OpenStream } from "./open-streams.ts";
import { attributesOf, originOf } from "./request-attributes.ts";
import { RequestChanges } from "./request-changes.ts";
import type { ChangedObject } from "./request-changes.ts";
import { RequestRecord } from "./request-record.ts";
import { StreamDisclosures, disclosedFields } from "./stream-disclosures.ts";

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
  /** Who is asking; raises `unauthenticated`. Called once, with what puts something on record with the request. */
  readonly authenticate: (annotate: Annotate) => Promise<User>;
  /**
   * Rights that are enough for a lesser answer to the same request, asked in order where the one to the request is
   * missing.
   */
  readonly lesser?: () => readonly LesserRight[];
  /** Whom the caller asks to be instead; raises what is wrong with that. Called once, after authentication. */
  readonly impersonate?: () => Impersonation | undefined;
  /** Tells the caller something beside the answer. */
  readonly warn?: (text: string) => void;
  /** How the door will answer an error, for the record. */
  readonly describeError: (error: unknown) => ResponseStatus;
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
  /** The secrets that the answer contains; those of which no values leave have no keys. */
  readonly disclosed?: readonly Disclosure[] | undefined;
  /** The object acted on, where the request did not name it (generateName) or its version matters. */
  readonly object?: { readonly name: string; readonly uid: string; readonly resourceVersion: string } | undefined;
  /** What the answer says that it is about, where it is no object. */
  readonly details?: ResponseStatus["details"];
}

/** A piece of a streamed answer with the secrets that are in it; those of which no values leave have no keys. */
export interface StreamPiece {
  readonly bytes: Buffer;
  readonly disclosed: readonly Disclosure[];
  /** A change that many watches receive at the same time: they share one record of it. */
  readonly live?: boolean;
}

/** Puts a text on record with the request. Never a value or a credential. */
export type Annotate = (key: string, text: string) => void;

export interface GateContext {
  /** Who acts: the caller, or whom they impersonate. */
  readonly user: User;
  /** All that the caller has a right to, where it is less than the request: `action` must answer no more. */
  readonly lesser: LesserAnswer | undefined;
  /**
   * Puts what was sent or answered on record, where the audit policy wants that. `read` gives JSON, or undefined where the body is
   * too much for a record; it is not called where nothing is kept.
   */
  keepBody(body: BodyName, read: () => string | undefined): void;
  /** Puts on record the name of the object that what was sent is about, where the request itself names none, whatever comes of it. */
  about(name: string): void;
  /** Asks for another verb on the same resource, where a request turns out to need it; raises {@link ForbiddenError}. */
  authorize(verb: string): Promise<void>;
  readonly annotate: Annotate;
  /** What the authorizer says of any attributes, for answers about rights. */
  decide(attributes: Attributes): Promise<Decision>;
  /** See Authorizer.reach. */
  reach(attributes: ResourceAttributes): Promise<Reach>;
  /**
   * Admission of a change, called after merging with old and new, and again on
   * each retry; raises what forbids it.
   */
  admit(operation: AdmissionRequest): Promise<void>;
  /**
   * Makes one change of the store: `commit` runs when its intent is on record, and what came of it is before the answer
   * leaves. Resolves and rejects as `commit` does; raises `unavailable` when the intent cannot be recorded.
   */
  change<T>(object: ChangedObject, commit: () => Promise<T>): Promise<T>;
  /**
   * Wraps a streamed answer: a piece comes out only after its disclosures are
   * durable, and the end of the stream (however it ends) is on record.
   */
  audited(pieces: AsyncIterable<StreamPiece>, options?: StreamOptions): AsyncGenerator<Buffer>;
}

export interface StreamOptions {
  /** A watch, which is given an id: the records of what it shares with others name it by that. */
  readonly live?: LiveStream;
}

export interface GateOptions {
  readonly audit: AuditSink;
  readonly authorizer: Authorizer;
  readonly admission: Admission;
  /** Which bodies go on record; none by default. */
  readonly bodies?: KeepBodies | undefined;
  /** In whose stead nodes among the users read these secrets, where that is known. */
  readonly podsBehind?: PodsBehind;
  readonly now: () => Date;
  readonly uuid: () => string;
}

export type PodsBehind = (users: readonly User[], secrets: readonly Disclosure[]) => OnBehalfOf | undefined;

export class Gate {
  readonly #audit: AuditSink;
  readonly #authorizer: Authorizer;
  readonly #admission: Admission;
  readonly #bodies: KeepBodies | undefined;
  readonly #podsBehind: PodsBehind | undefined;
  readonly #now: () => Date;
  readonly #uuid: () => string;
  readonly #disclosures: StreamDisclosures;
  readonly #streams: OpenStreams;
  #recordingFailed = false;

  constructor(options: GateOptions) {
    this.#audit = options.audit;
    this.#authorizer = options.authorizer;
    this.#admission = options.admission;
    this.#bodies = options.bodies;
    this.#podsBehind = options.podsBehind;
    this.#now = options.now;
    this.#uuid = options.uuid;
    this.#disclosures = new StreamDisclosures({
      ...options,
      write: (event) => this.#write(event),
      behind: (users, disclosed) => this.#behind(users, disclosed),
    });
    this.#streams = new OpenStreams({ now: options.now, generation: () => this.#generation() });
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
      const caller = (record.user = await request.authenticate(record.annotate));
      record.keep = this.#bodies?.({
        user: caller,
        verb: request.verb,
        resource: request.resource,
        path: request.path,
      });
      const asked = request.impersonate?.();
      // Before the decision: what changes meanwhile is noticed.
      const generation = this.#generation();
      await this.#requireImpersonation(record, caller, asked);
      record.impersonation = asked;
      const user = asked?.user ?? caller;
      const lesser = await this.#authorize(record, user);
      outcome = await action(this.#context({ caller, user, generation, lesser }, record));
    } catch (error) {
      await this.#write(record.event("ResponseComplete", { responseStatus: request.describeError(error) }));
      throw error;
    } finally {
      record.end();
    }
    const stage: AuditStage = record.streaming ? "ResponseStarted" : "ResponseComplete";
    const user = record.impersonation?.user ?? record.user;
    const behind = user !== undefined && outcome.disclosed !== undefined && this.#behind([user], outcome.disclosed);
    await this.#write(record.event(stage, { ...record.outcome(outcome), ...behind }));
    return outcome.answer;
  }

  async #requireImpersonation(record: RequestRecord, caller: User, asked: Impersonation | undefined): Promise<void> {
    for (const resource of asked?.needs ?? []) {
      const attributes = { user: caller, verb: "impersonate", resource, path: undefined };
      const decision = await this.#authorizer.authorize(attributes);
      // Nobody acted as them, so they are not on record as who did.
      if (decision.type !== "allow" && asked !== undefined) record.annotate(askedToBe, asked.user.name);
      requireAllow(attributes, decision);
    }
  }

  /** Notes the decision; resolves to the lesser answer that there is a right to, if not to the whole one. */
  async #authorize(record: RequestRecord, user: User): Promise<LesserAnswer | undefined> {
    const attributes = attributesOf(record.request, user);
    const whole = (record.decision = await this.#authorizer.authorize(attributes));
    if (whole.type === "allow") {
      for (const text of whole.warnings ?? []) record.request.warn?.(text);
      return undefined;
    }
    for (const { answer, needs } of record.request.lesser?.() ?? []) {
      const decision =
        needs === undefined ? selfFiltered : await this.#authorizer.authorize({ ...attributes, resource: needs });
      if (decision.type !== "allow") continue;
      record.decision = decision;
      return answer;
    }
    throw new ForbiddenError(attributes, whole.reason);
  }

  #generation(): number {
    return this.#authorizer.generation?.() ?? 0;
  }

  #context(allowed: Allowed, record: RequestRecord): GateContext {
    const { request } = record;
    const { user, lesser } = allowed;
    const changes = new RequestChanges(record, {
      write: (event, options) => this.#write(event, options),
      uuid: this.#uuid,
    });
    // What is asked about the caller is asked of this request; what is asked about others, of none.
    const decide = (attributes: Attributes) =>
      this.#authorizer.authorize(attributes.user === user ? { ...attributes, origin: originOf(request) } : attributes);
    return {
      user,
      lesser,
      annotate: record.annotate,
      keepBody: record.keepBody,
      about: record.about,
      decide,
      reach: async (attributes) => (await this.#authorizer.reach?.(attributes)) ?? "unknown",
      authorize: async (verb) => {
        const attributes = attributesOf({ ...request, verb }, user);
        requireAllow(attributes, await decide(attributes));
      },
      admit: (operation) =>
        this.#admission.admit({
          ...operation,
          user,
          requestedName: request.resource?.name ?? "",
          requestedVerb: request.verb,
          request: record,
          origin: originOf(request),
          warn: (text) => request.warn?.(text),
          annotate: record.annotate,
          decide,
        }),
      change: (object, commit) => changes.make(object, commit),
      audited: (pieces, options = {}) => {
        record.streaming = true;
        if (options.live !== undefined) record.streamId = this.#uuid();
        return this.#auditedPieces(allowed, record, pieces, options);
      },
    };
  }

  #auditedPieces(
    allowed: Allowed,
    record: RequestRecord,
    pieces: AsyncIterable<StreamPiece>,
    { live }: StreamOptions,
  ): AsyncGenerator<Buffer> {
    const open = live && { stream: this.#openStream(allowed, record, live), refusal: live.refusal };
    const attributes = attributesOf(record.request, allowed.user);
    return auditedPieces({
      record,
      pieces,
      open,
      mustAsk: (piece) =>
        open?.stream.isInDoubt() === true ||
        // What is filtered asks of each object by itself.
        (piece.disclosed.length > 0 &&
          allowed.lesser !== "filtered" &&
          this.#authorizer.looksAtObject?.(attributes) === true),
      recordPiece: (piece) => this.#recordPiece(allowed.user, record, piece),
      write: (event) => this.#write(event),
    });
  }

  #openStream(allowed: Allowed, record: RequestRecord, live: LiveStream): OpenStream {
    const { caller, generation } = allowed;
    return this.#streams.open({
      caller,
      generation,
      decide: () => this.#decideAgain(allowed, record, live),
      end: live.end,
    });
  }

  /** Raises why an open stream must end: a right that is missing, or others than it began with. */
  async #decideAgain({ caller, user, lesser }: Allowed, record: RequestRecord, live: LiveStream): Promise<void> {
    await this.#requireImpersonation(record, caller, record.impersonation);
    if ((await this.#authorize(record, user)) !== lesser) throw new RightsChangedError();
    if (lesser === "filtered") await live.requireSame?.();
  }

  #recordPiece(user: User, record: RequestRecord, { live, disclosed }: StreamPiece): Promise<void> {
    if (live === true && record.streamId !== undefined) {
      return this.#disclosures.record({ id: record.streamId, door: record.request.door, user }, disclosed);
    }
    const fields = { ...disclosedFields(disclosed), ...this.#behind([user], disclosed) };
    return this.#write(record.event("Disclosed", fields));
  }

  #behind(users: readonly User[], disclosed: readonly Disclosure[]): Pick<AuditEvent, "onBehalfOf"> {
    const onBehalfOf = this.#podsBehind?.(users, disclosed);
    return onBehalfOf === undefined ? {} : { onBehalfOf };
  }

  async #write(event: AuditEvent, options?: WriteOptions): Promise<void> {
    try {
      await this.#audit.write(event, options);
      this.#recordingFailed = false;
    } catch (error) {
      this.#recordingFailed = true;
      throw new StrongroomError("unavailable", "the audit log must accept the record of this request", {
        cause: error,
      });
    }
  }
}

/** By what a request was allowed. */
interface Allowed {
  /** Whose credential it is. */
  readonly caller: User;
  /** Who acts. */
  readonly user: User;
  readonly lesser: LesserAnswer | undefined;
  /** The generation of the authorizer before it was asked. */
  readonly generation: number;
}

/** Whom a caller asked to be without the right to. */
const askedToBe = "audit.strongroom.dev/asked-to-be";

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
