/** What was read of audit logs, and what of it could not be used: nothing is dropped without being counted. */
export interface AuditCoverage {
  readonly files: number;
  /** After unpacking. */
  readonly bytes: number;
  /** Requests that were answered, each once however many stages of it are on record. */
  readonly requests: number;
  /** Of them, those about secrets, by verb: without `get`, `list` and `watch`, the policy of the log may leave reads out. */
  readonly secretVerbs: Readonly<Record<string, number>>;
  /** The time of the first and of the last request (RFC 3339); undefined without any. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Events that are there twice. */
  readonly duplicates: number;
  /** Lines that are cut off, as a crash or a full disk does. */
  readonly torn: number;
  /** Lines, or objects, that are no audit events. */
  readonly foreign: number;
  /** Lines, or documents, that are too long to be read. */
  readonly oversize: number;
  /** Events that the server cut down to its size limit. */
  readonly truncated: number;
  /** Requests without a time that can be read. */
  readonly undated: number;
  /** Requests before the time that was asked about. */
  readonly before: number;
  /** Values sent to watches whose beginning is not in the files, so that nobody knows whose they are. */
  readonly unattributed: number;
  /** Requests whose names were not kept apart, or that were not kept at all, since there are too many kinds of them. */
  readonly merged: number;
  readonly lost: number;
  /** What kinds of logs they are: Kubernetes' own do not say all that ours do. */
  readonly kinds: readonly ("kubernetes" | "strongroom")[];
  /** Files that could not be read to the end. */
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

/** The same while it is counted. */
export type AuditCounts = {
  -readonly [Key in Exclude<keyof AuditCoverage, "from" | "to" | "kinds">]: AuditCoverage[Key];
};

export function noCounts(): AuditCounts {
  return {
    files: 0,
    bytes: 0,
    requests: 0,
    secretVerbs: {},
    duplicates: 0,
    torn: 0,
    foreign: 0,
    oversize: 0,
    truncated: 0,
    undated: 0,
    before: 0,
    unattributed: 0,
    merged: 0,
    lost: 0,
    problems: [],
  };
}
