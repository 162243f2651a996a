/** Follows everything that was read of a cluster, as one stream of changes. */
import { factKey } from "../../facts/fact-set.ts";
import { ChangeQueue } from "../change-queue.ts";
import type { QueueBounds } from "../change-queue.ts";
import { ReferredSecrets } from "../referred-secrets.ts";
import type { FactChange, Following } from "../source.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ScopeFollower, followPace } from "./follow-scope.ts";
import type { FollowPace, FollowSink, KnownScope } from "./follow-scope.ts";
import type { ListBounds } from "./list-pages.ts";
import type { ClusterReading } from "./read-cluster.ts";

export interface FollowOptions {
  readonly pace?: Partial<FollowPace>;
  readonly bounds?: ListBounds;
  readonly queue?: QueueBounds;
}

/** Each watch is a connection of its own; beyond so many scopes, single namespaces are listed again and again. */
const watchesMax = 60;

/** Begins at once; ends with the signal or when it is disposed of. */
export function followCluster(
  connection: ApiConnection,
  reading: ClusterReading,
  signal: AbortSignal,
  options: FollowOptions = {},
): Following {
  const following = new ClusterFollowing(connection, reading, signal, options);
  following.begin();
  return following;
}

class ClusterFollowing implements Following, FollowSink {
  readonly facts: ClusterReading["facts"];
  readonly changes: ChangeQueue;
  readonly #connection: ApiConnection;
  readonly #reading: ClusterReading;
  readonly #options: FollowOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  #referred: ReferredSecrets | undefined;
  /** Those that were read while others are known by name only. */
  readonly #secrets = new Set<string>();
  readonly #namespaces = new Set<string>();

  constructor(connection: ApiConnection, reading: ClusterReading, signal: AbortSignal, options: FollowOptions) {
    this.#connection = connection;
    this.#reading = reading;
    this.#options = options;
    this.facts = reading.facts;
    this.changes = new ChangeQueue(options.queue);
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    for (const { name } of reading.facts.of("Namespace")) this.#namespaces.add(name);
    // Names stand in what refers to Secrets only as long as nothing is said of Secrets themselves.
    const readsSecrets = [...reading.known].some(
      ({ scope, isRefused }) => scope.served.kind === "Secret" && !isRefused,
    );
    this.#referred = readsSecrets ? undefined : new ReferredSecrets(reading.facts.all());
  }

  begin(): void {
    const known = [...this.#reading.known];
    for (const each of known) this.#follow(each, known.length);
    this.#signal.addEventListener("abort", () => this.changes.end(), { once: true });
    if (this.#signal.aborted) this.changes.end();
  }

  room(): Promise<void> {
    return this.changes.room();
  }

  tell(change: FactChange): void {
    this.changes.push(change);
    if (change.type === "put" && change.fact.kind === "Namespace") this.#meet(change.fact.name);
    if (change.type === "delete" && change.kind === "Namespace") this.#namespaces.delete(change.name);
    this.#tellReferred(change);
  }

  #tellReferred(change: FactChange): void {
    if (this.#referred === undefined) return;
    if (change.type === "put" && change.fact.kind === "Secret") this.#secrets.add(factKey(change.fact));
    else if (change.type === "put") this.#push(this.#referred.put(change.fact));
    else if (change.type === "delete") this.#push(this.#referred.delete(factKey(change)));
    else if (change.type === "known" || (change.type === "gap" && change.gap.reason === "partial")) {
      const of = change.type === "gap" ? change.gap : change;
      if (of.kind !== "Secret" || of.namespace !== "") return;
      // The right to read Secrets was given meanwhile: what is only referred to is not there.
      this.#push(this.#referred.all().filter((each) => !this.#secrets.has(factKey(each))));
      this.#referred = undefined;
    }
  }

  #push(changes: readonly FactChange[]): void {
    for (const change of changes) this.changes.push(change);
  }

  /** What is asked for by namespace is asked for in a new one too; until it is answered, it is unknown there. */
  #meet(namespace: string): void {
    if (this.#namespaces.has(namespace)) return;
    this.#namespaces.add(namespace);
    for (const known of this.#reading.newNamespace(namespace)) {
      const { kind } = known.scope.served;
      const message = "the namespace is new, and was not read yet";
      this.changes.push({ type: "gap", gap: { kind, namespace, reason: "failed", message } });
      this.#follow({ ...known, isNew: true }, this.#running.size);
    }
  }

  #follow(known: KnownScope, scopes: number): void {
    const onlyLists = known.scope.namespace !== "" && scopes > watchesMax;
    const pace = { ...followPace, onlyLists, ...this.#options.pace };
    const { bounds } = this.#options;
    const follower = new ScopeFollower(this.#connection, known, this, {
      pace,
      ...(bounds !== undefined && { bounds }),
    });
    const running = follower.run(this.#signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.changes.end();
    await Promise.allSettled(this.#running);
  }
}
