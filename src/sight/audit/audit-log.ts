/**
 * Events of audit logs to requests: each request once, however many of its stages are on record, and whatever repeats.
 *
 * A client may choose the id of its request, so what tells events apart is the id together with what the server wrote.
 */
import { field, listField, textField } from "../facts/json-fields.ts";
import { noCounts } from "./audit-coverage.ts";
import type { AuditCounts, AuditCoverage } from "./audit-coverage.ts";
import { readStage } from "./audit-request.ts";
import type { AuditedStage } from "./audit-request.ts";
import { Seen } from "./seen.ts";

/** What takes requests from logs. */
export interface AuditCollector {
  /** A request that was answered; once. */
  request(request: AuditedStage): void;
  /** Secrets that left our own server, to the user of `request`, as exactly as it is on record. */
  disclosed(request: AuditedStage, metadataOnly: boolean): void;
}

/** Disclosures to watches whose beginning is not read yet. */
const pendingMax = 100_000;
const streamsMax = 200_000;

export class AuditLog {
  readonly counts: AuditCounts = noCounts();
  readonly #collectors: readonly AuditCollector[];
  readonly #since: number | undefined;
  readonly #events = new Seen();
  readonly #requests = new Seen();
  readonly #kinds = new Set<"kubernetes" | "strongroom">();
  /** Who opened the watches of our own server. */
  readonly #streams = new Map<string, AuditedStage>();
  readonly #pending: AuditedStage[] = [];
  #first = Infinity;
  #last = -Infinity;

  /** Requests before `since` (in milliseconds) are counted and not passed on. */
  constructor(collectors: readonly AuditCollector[], since?: number) {
    this.#collectors = collectors;
    this.#since = since;
  }

  value(value: unknown): void {
    for (const event of eventsIn(value)) this.#event(event);
  }

  unreadable(what: "torn" | "foreign" | "oversize"): void {
    this.counts[what]++;
  }

  /** To be called after the last file. */
  finish(): void {
    for (const stage of this.#pending.splice(0)) this.#toStreams(stage, true);
  }

  get coverage(): AuditCoverage {
    const time = (value: number) => (Number.isFinite(value) ? new Date(value).toISOString() : undefined);
    return { ...this.counts, from: time(this.#first), to: time(this.#last), kinds: [...this.#kinds].sort() };
  }

  #event(value: unknown): void {
    const stage = readStage(value);
    if (stage === undefined) {
      this.counts.foreign++;
      return;
    }
    if (!this.#events.add(eventKey(stage))) {
      this.counts.duplicates++;
      return;
    }
    this.#kinds.add(stage.isOwn ? "strongroom" : "kubernetes");
    if (stage.isTruncated) this.counts.truncated++;
    if (stage.streamID !== "" && this.#streams.size < streamsMax) this.#streams.set(stage.streamID, stage);
    if (!this.#isAsked(stage)) return;
    if (stage.streams.length > 0) this.#toStreams(stage, false);
    else {
      if (stage.disclosed !== undefined) for (const each of this.#collectors) each.disclosed(stage, stage.metadataOnly);
      if (isAnswered(stage) && this.#requests.add(requestKey(stage))) this.#request(stage);
    }
  }

  #isAsked({ time, stage }: AuditedStage): boolean {
    if (stage === "RequestReceived") return false;
    if (time === undefined) {
      this.counts.undated++;
      return true;
    }
    if (this.#since !== undefined && time < this.#since) {
      this.counts.before++;
      return false;
    }
    this.#first = Math.min(this.#first, time);
    this.#last = Math.max(this.#last, time);
    return true;
  }

  #request(stage: AuditedStage): void {
    this.counts.requests++;
    if (stage.resource === "secrets" && stage.group === "") {
      const verb = secretVerbs.has(stage.verb) ? stage.verb : "other";
      this.counts.secretVerbs = { ...this.counts.secretVerbs, [verb]: (this.counts.secretVerbs[verb] ?? 0) + 1 };
    }
    for (const each of this.#collectors) each.request(stage);
  }

  /** One record for all the watches that a change went to. */
  #toStreams(stage: AuditedStage, isLast: boolean): void {
    const missing: string[] = [];
    for (const id of stage.streams) {
      const opened = this.#streams.get(id);
      if (opened === undefined) missing.push(id);
      else {
        const sent = { ...opened, disclosed: stage.disclosed, time: stage.time, timeText: stage.timeText };
        for (const each of this.#collectors) each.disclosed(sent, stage.metadataOnly);
      }
    }
    if (missing.length === 0) return;
    if (isLast || this.#pending.length >= pendingMax) this.counts.unattributed += missing.length;
    else this.#pending.push({ ...stage, streams: missing });
  }
}

const secretVerbs: ReadonlySet<string> = new Set([
  "get",
  "list",
  "watch",
  "create",
  "update",
  "patch",
  "delete",
  "deletecollection",
]);

/** Streams are answered when they begin; their end, hours later, may not be on record yet. */
function isAnswered({ stage }: AuditedStage): boolean {
  return stage === "ResponseComplete" || stage === "ResponseStarted";
}

function requestKey({ auditID, timeText, user, impersonator, verb, requestURI }: AuditedStage): string {
  return JSON.stringify([auditID, timeText, user, impersonator, verb, requestURI]);
}

function eventKey(stage: AuditedStage): string {
  return `${requestKey(stage)}${stage.stage}${JSON.stringify([stage.disclosed, stage.streams])}`;
}

/** What may be events: a value of a log is one, a list of them, or what log services wrap around one. */
export function eventsIn(value: unknown): readonly unknown[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.flatMap((each) =>
    textField(each, "kind") === "EventList" ? listField(each, "items") : [unwrapped(each)],
  );
}

/** AKS and CloudWatch put the line of the log into a field of another object. */
function unwrapped(value: unknown): unknown {
  if (textField(value, "auditID") !== "") return value;
  const inner = field(value, "properties", "log") ?? field(value, "message") ?? field(value, "log");
  if (typeof inner !== "string" || !inner.startsWith("{")) return value;
  try {
    return JSON.parse(inner) as unknown;
  } catch {
    return value; // counted as foreign
  }
}
