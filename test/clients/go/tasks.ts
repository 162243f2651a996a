/** The tasks of the peer in Go that end by themselves, and what each prints. */
const media = ["json", "protobuf"] as const;

const printed: Readonly<Record<string, readonly string[]>> = {
  apply: [
    "applied k=1",
    "Conflict true, told by field true",
    "forced k=2",
    "an equal configuration changes nothing: true",
  ],
  typed: [
    "created typed Opaque user=ann",
    "updated user=bob",
    "patched 2 values",
    "listed 1",
    "deleted, so not found: true",
  ],
  errors: [
    "AlreadyExists true",
    "Invalid true, causes true",
    "NotFound true",
    "NotFound true",
    "Conflict true",
    "BadRequest true",
    "Timeout true, too large true",
    "Conflict true",
    "generated true",
  ],
  pages: ["page-0 page-1 page-2 page-3 page-4 page-5 page-6 in more than one list: true"],
  conflicts: ["counted to 15"],
  dynamic: ["created dynamic a=MQ==", "patched a=Mg== b=Mw==", "listed 1 of SecretList"],
  metadata: ["read meta with a uid: true", "labelled l=m", "listed 1 with a version: true"],
  watches: [
    "state: ADDED watched k=1",
    "cached: ADDED watched k=1",
    "watch-list: ADDED watched k=1 then BOOKMARK end of the state: true",
    "since: DELETED watched k=1",
  ],
  leader: ["first leads", "second leads", "the lease is held by second"],
};

export interface PeerTask {
  readonly arguments: readonly string[];
  readonly prints: readonly string[];
  /** The same requests in the same order each time, so that they can be sent again. */
  readonly repeatable: boolean;
}

/** Each is for a namespace `go` of its own. */
export const peerTasks: readonly PeerTask[] = [
  ...Object.entries(printed).flatMap(([task, prints]) =>
    media.map((type) => ({
      arguments: [task, type],
      prints,
      repeatable: task !== "conflicts" && task !== "leader",
    })),
  ),
  {
    arguments: ["discovery"],
    prints: [
      "version 1.34",
      "v1 secrets Secret namespaced true: create delete deletecollection get list patch update watch",
      "mapped Secret to secrets by namespace",
      "OpenAPI v3 tells of secrets: true",
      "OpenAPI 2.0",
    ],
    repeatable: true,
  },
];
