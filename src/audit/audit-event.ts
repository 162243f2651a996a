/**
 * What is on record about one request: names, never values.
 *
 * Modelled on audit.k8s.io/v1 Event at level Metadata, with what upstream lacks:
 * the list of secrets whose values were disclosed.
 */

/** One secret whose value (or name) left the server. */
export interface Disclosure {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The store revision of the disclosed state, as a decimal string. */
  readonly resourceVersion: string;
  /**
   * Under which keys values left. A name with a slash is that of an annotation that repeats values, which no key has. Undefined where no
   * value left, and in records of before this was kept.
   */
  readonly keys?: readonly string[];
  /** Of one of its versions, its number; else it is the state at that revision. */
  readonly version?: number;
  /** The secret, NAMESPACE/NAME, whose values it has by a link. */
  readonly linkedFrom?: string;
}

/** Many disclosures in columns: what stands at the same place belongs to the same secret. Read it by `disclosuresOf` (disclosures.ts). */
export interface DisclosureTable {
  /** Namespaces with the number of secrets that follow each other in them. */
  readonly namespaces: readonly (readonly [namespace: string, count: number])[];
  readonly names: readonly string[];
  readonly uids: readonly string[];
  readonly resourceVersions: readonly string[];
  /** Each set of keys that occurs. */
  readonly keySets?: readonly (readonly string[])[];
  /** The place in `keySets` of each, -1 for none; a number where all have the same. Absent where no values left. */
  readonly keys?: readonly number[] | number;
  /** The version of each, 0 for none. Absent where none is one of versions. */
  readonly versions?: readonly number[];
  /** What each is linked from, "" for nothing. Absent where none is linked. */
  readonly linkedFrom?: readonly string[];
}

/**
 * Stages in the life of a request, as upstream's. Two are ours: `Disclosed`, a piece of a streamed answer, and `Changed`, one of
 * several changes that a request makes.
 */
export const auditStages = [
  "RequestReceived",
  "Changed",
  "ResponseStarted",
  "Disclosed",
  "ResponseComplete",
  "Panic",
] as const;
export type AuditStage = (typeof auditStages)[number];

export interface AuditEvent {
  readonly auditID: string;
  readonly stage: AuditStage;
  /** The protocol front: `kubernetes`, ... */
  readonly door: string;
  readonly verb: string;
  /** Path and query as received; what is longer than 2,048 characters ends in a mark of that. */
  readonly requestURI: string;
  readonly user: {
    readonly username: string;
    readonly uid?: string;
    readonly groups: readonly string[];
    /** What else authentication knows of them, the id of their credential among it; never the credential. */
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  /** As whom the user acted, if not as themselves. */
  readonly impersonatedUser?: AuditEvent["user"];
  /** What headers of proxies claim, and the address that was connected, which is the last and the only one that is known. */
  readonly sourceIPs: readonly string[];
  readonly userAgent: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
    readonly apiGroup?: string;
    readonly apiVersion: string;
    readonly resourceVersion?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: ResponseStatus;
  /** RFC 3339 with microseconds. */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What was sent and what was answered, where the audit policy has it kept: see policy/kept-bodies.ts. Never values of secrets. */
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  /** The secrets that this stage of the answer contains; to be read by `disclosuresOf` (disclosures.ts). */
  readonly disclosed?: readonly Disclosure[] | DisclosureTable;
  /** On the events of a watch itself: its id, which the server gave (a client may choose the `auditID`). */
  readonly streamID?: string;
  /**
   * On the intent of a change (stage `RequestReceived`), and on the record of what came of it: the server's own id, which ties
   * the two. The `objectRef` of an intent has the uid of the object and, unless it is created, the resourceVersion from before: by
   * these, an intent that has no outcome when a server starts is resolved from the store (log/resolve-intents.ts).
   */
  readonly intentID?: string;
  /** In a `Disclosed` event of watches: the `streamID`s of all that receive these secrets. */
  readonly streams?: readonly string[];
  /** True when only names and metadata left, no values, of any of the `disclosed`. */
  readonly metadataOnly?: boolean;
  /** For whom a node asked that was disclosed something: the pods on it that refer to the secrets, where that is known. */
  readonly onBehalfOf?: OnBehalfOf;
  /** The answer ended before its end: its client was gone, or it failed. What is `disclosed` may not have arrived. */
  readonly cut?: boolean;
  /** Said by a cluster of its own API server, and nothing that this server saw: who, what, when and whether are claims of that cluster. */
  readonly reported?: ClusterReport;
  /** This record stands for many requests, refused ones or of strangers: see refusal-budget.ts. Its user is theirs, "" for several. */
  readonly refusals?: Refusals;
}

/** Whose claim a record is. */
export interface ClusterReport {
  readonly cluster: string;
  /** What stands before the names of its namespaces here; the `objectRef` of the record has it. */
  readonly namespacePrefix: string;
  /** When it came here. */
  readonly receivedTimestamp: string;
}

/** Pods in whose stead a node reads. */
export interface OnBehalfOf {
  readonly pods: readonly PodReader[];
  /** How many more there are. */
  readonly others?: number;
}

export interface PodReader {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The node that it is on, which is who read. */
  readonly node: string;
  readonly serviceAccount?: string;
}

export interface ResponseStatus {
  readonly code: number;
  readonly reason?: string;
  /** What the caller was told, where the request failed; a long one ends in a mark of that. */
  readonly message?: string;
  /** What it is about. */
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly retryAfterSeconds?: number;
  };
}

/** Requests that gave nothing away and have no record of their own, between the two timestamps of their common one. */
export interface Refusals {
  readonly count: number;
  /** How many of them came from which network (an IPv4 address, an IPv6 /64), the first ones seen. */
  readonly networks: Readonly<Record<string, number>>;
  /** How many came from networks beyond those. */
  readonly otherNetworks: number;
  /** How often what was asked: code, verb, resource and namespace; the first ones seen. */
  readonly asked: Readonly<Record<string, number>>;
  /** How often something beyond those was. */
  readonly otherAsked: number;
}

/**
 * What a record belongs to. Where space on the disk runs out, those of changes are refused first:
 * - `write`: the intent of a change that is not made unless it is on record;
 * - `read` (default): everything else, the outcome of a change that was made among it.
 */
export type RecordKind = "read" | "write";

export interface WriteOptions {
  readonly kind?: RecordKind;
}

/**
 * Where events go. `write` resolves after the event is durable; a rejection
 * means it could not be recorded, and the request must fail.
 */
export interface AuditSink {
  write(event: AuditEvent, options?: WriteOptions): Promise<void>;
  /** Flushes and releases. Idempotent. */
  close(): Promise<void>;
}

/** RFC 3339 with six fractional digits, as all records have it. */
export function microsecondsOf(time: Date): string {
  return `${time.toISOString().slice(0, -1)}000Z`;
}
