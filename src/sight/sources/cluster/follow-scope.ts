/**
 * Follows one kind, in the cluster or in one namespace: a watch from where the list ended, again and again.
 *
 * What is no longer in a cluster's history (410) is listed anew and compared, so that deletions are told too. No failure ends it: what
 * cannot be followed becomes a gap that says until when it was true, and is tried again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CoverageGap } from "../../facts/coverage-gap.ts";
import type { Fact } from "../../facts/facts.ts";
import type { FactChange } from "../source.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ApiFailure } from "./api-failure.ts";
import { listKind } from "./list-kind.ts";
import type { Scope } from "./list-kind.ts";
import type { ListBounds } from "./list-pages.ts";
import { isFact, objectKey, observe } from "./observed-object.ts";
import type { Observed } from "./observed-object.ts";
import { backoffMs } from "./pace.ts";
import { watchEvents } from "./watch-events.ts";

export interface FollowPace {
  /** How long a watch lasts: from the first to twice of it, so that many do not end together. */
  readonly watchSeconds: number;
  /** Between two lists where nothing is watched, and between two questions whether a refusal still holds. */
  readonly listEveryMs: number;
  /** Failures in succession after which it is said that something is no longer followed. */
  readonly failuresToTell: number;
  /** Whether the kind is listed again and again instead of watched: for a great many scopes. */
  readonly onlyLists: boolean;
}

export const followPace: FollowPace = {
  watchSeconds: 300,
  listEveryMs: 60_000,
  failuresToTell: 3,
  onlyLists: false,
};

export interface FollowSink {
  /** Resolves when more may be told. */
  room(): Promise<void>;
  tell(change: FactChange): void;
}

/** What was known of the scope when following begins. */
export interface KnownScope {
  readonly scope: Scope;
  readonly objects: ReadonlyMap<string, Observed>;
  /** "" when it must be listed first. */
  readonly resourceVersion: string;
  /** What is told of it while all is well: of metadata, that content is not known. */
  readonly standingGap: CoverageGap | undefined;
  /** The gap of a failure says more with the right that is missing. */
  readonly gapOf: (failure: ApiFailure) => CoverageGap;
  /** The facts have a gap of it, and it is asked for again after a while. */
  readonly isRefused: boolean;
  /** The facts have a gap of it, and it is asked for at once. */
  readonly isNew?: boolean;
}

interface Held {
  readonly resourceVersion: string;
  readonly name: string;
  readonly namespace: string;
}

export class ScopeFollower {
  readonly #connection: ApiConnection;
  readonly #known: KnownScope;
  readonly #sink: FollowSink;
  readonly #pace: FollowPace;
  readonly #bounds: ListBounds | undefined;
  readonly #held = new Map<string, Held>();
  #resourceVersion: string;
  #failures = 0;
  #hasGap: boolean;
  #trueAt = new Date();

  constructor(
    connection: ApiConnection,
    known: KnownScope,
    sink: FollowSink,
    { pace = followPace, bounds }: { readonly pace?: FollowPace; readonly bounds?: ListBounds },
  ) {
    this.#connection = connection;
    this.#known = known;
    this.#sink = sink;
    this.#pace = pace;
    this.#bounds = bounds;
    this.#resourceVersion = known.resourceVersion;
    this.#hasGap = known.isRefused || known.isNew === true;
    for (const [key, observed] of known.objects)
      if (isFact(observed.result)) this.#hold(key, observed, observed.result);
  }

  /** Returns when the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#known.isRefused) await rest(jittered(this.#pace.listEveryMs), signal);
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === "") await this.#list(signal);
        if (this.#pace.onlyLists || this.#resourceVersion === "") {
          await rest(jittered(this.#pace.listEveryMs), signal);
          this.#resourceVersion = "";
        } else await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiFailure)) throw error;
        await this.#afterFailure(error, signal);
      }
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const seconds = Math.round(this.#pace.watchSeconds * (1 + Math.random()));
    const began = performance.now();
    const watching = { signal, seconds, onOpen: () => this.#isWell() };
    for await (const event of watchEvents(this.#connection, this.#known.scope, this.#resourceVersion, watching)) {
      if (event.type !== "bookmark") {
        await this.#sink.room();
        if (event.type === "put") this.#put(observe(event.object, this.#known.scope));
        else this.#delete(objectKey(observe(event.object, this.#known.scope)));
      }
      if (event.resourceVersion !== "") this.#resourceVersion = event.resourceVersion;
      this.#failures = 0;
      this.#isWell();
    }
    this.#failures = 0;
    // A server that ends watches at once is not asked without a pause.
    if (performance.now() - began < 1000) await rest(backoffMs(2), signal);
  }

  /** All there is, told as the difference to what was there. */
  async #list(signal: AbortSignal): Promise<void> {
    const bounds = this.#bounds === undefined ? {} : { bounds: this.#bounds };
    const { objects, resourceVersion, failure } = await listKind(this.#connection, this.#known.scope, {
      signal,
      ...bounds,
    });
    if (failure !== undefined) throw failure;
    for (const [key, observed] of objects) {
      await this.#sink.room();
      const same = observed.resourceVersion !== "" && this.#held.get(key)?.resourceVersion === observed.resourceVersion;
      if (!same) this.#put(observed);
    }
    for (const key of this.#held.keys()) if (!objects.has(key)) this.#delete(key);
    this.#resourceVersion = resourceVersion;
    this.#isWell();
  }

  #put(observed: Observed): void {
    const key = objectKey(observed);
    if (isFact(observed.result)) {
      this.#hold(key, observed, observed.result);
      this.#sink.tell({ type: "put", fact: observed.result });
    } else {
      // What cannot be read any more is not what it was.
      this.#delete(key);
      this.#sink.tell({ type: "problem", problem: observed.result });
    }
  }

  #hold(key: string, { resourceVersion }: Observed, { name, namespace }: Fact): void {
    this.#held.set(key, { resourceVersion, name, namespace });
  }

  #delete(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    const { kind } = this.#known.scope.served;
    this.#sink.tell({ type: "delete", kind, namespace: held.namespace, name: held.name });
  }

  /** Not the end of failures in succession: a cluster may list and not let watch, again and again. */
  #isWell(): void {
    this.#trueAt = new Date();
    if (!this.#hasGap) return;
    this.#hasGap = false;
    const { scope, standingGap } = this.#known;
    if (standingGap !== undefined) this.#sink.tell({ type: "gap", gap: standingGap });
    else this.#sink.tell({ type: "known", kind: scope.served.kind, namespace: scope.namespace });
  }

  async #afterFailure(failure: ApiFailure, signal: AbortSignal): Promise<void> {
    this.#failures++;
    // The history is gone, or what came cannot be trusted: what is there must be seen as a whole.
    if (failure.kind !== "unreachable" && failure.kind !== "overloaded") this.#resourceVersion = "";
    if (failure.kind === "gone" && this.#failures === 1) return;
    const isLasting = failure.kind !== "unreachable" && failure.kind !== "overloaded" && failure.kind !== "gone";
    if (isLasting || this.#failures >= this.#pace.failuresToTell) this.#tellGap(failure);
    const isRefusal = failure.kind === "forbidden" || failure.kind === "unauthenticated";
    const pauseMs = isRefusal
      ? jittered(this.#pace.listEveryMs)
      : Math.max(backoffMs(this.#failures), failure.retryAfterMs);
    await rest(pauseMs, signal);
  }

  #tellGap(failure: ApiFailure): void {
    if (this.#hasGap) return;
    this.#hasGap = true;
    this.#sink.tell({ type: "gap", gap: { ...this.#known.gapOf(failure), knownUntil: this.#trueAt.toISOString() } });
  }
}

function jittered(ms: number): number {
  return ms * (0.9 + Math.random() * 0.2);
}

/** Sleeps; an abort ends it without an error. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
