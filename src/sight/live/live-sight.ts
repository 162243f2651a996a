/**
 * The graph of a store of objects, there while somebody asks.
 *
 * It starts with the first question, follows the store, and is stopped when nobody has asked for a while: a server that
 * nobody asks has no thread, no graph and no watches for it.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { ClusterOrigin } from "../facts/fact-set.ts";
import { factKindOf } from "../facts/fact-kind.ts";
import type { FollowedObjects, ObjectFeed } from "./object-feed.ts";
import type { SightAnswer, SightQuestion } from "./sight-question.ts";
import { WorkerClient } from "./worker-client.ts";

export interface LiveSightOptions {
  readonly feed: ObjectFeed;
  readonly timers: { now(): number; after(delayMs: number, action: () => void): { cancel(): void } };
  readonly onError: (error: unknown) => void;
  /** After so long without a question it is stopped. */
  readonly idleMs?: number;
}

const defaultIdleMs = 5 * 60 * 1000;

interface Running {
  readonly worker: WorkerClient;
  readonly followed: FollowedObjects;
}

export class LiveSight implements AsyncDisposable {
  readonly #options: LiveSightOptions;
  #running: Promise<Running> | undefined;
  #stopping: Promise<void> = Promise.resolve();
  #idle: { cancel(): void } | undefined;
  #asking = 0;
  #isClosed = false;

  constructor(options: LiveSightOptions) {
    this.#options = options;
  }

  /** Whether there is a graph now. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * The answer from all that was written before the question. The first one takes as long as the graph is built. Raises
   * `invalid`; `unavailable` when the store cannot be followed or the graph cannot be kept.
   */
  async ask(question: SightQuestion): Promise<SightAnswer> {
    this.#idle?.cancel();
    this.#asking++;
    try {
      const { worker, followed } = await this.#started();
      await followed.caughtUp();
      return await worker.ask(question);
    } finally {
      this.#asking--;
      if (this.#asking === 0) this.#stopWhenIdle();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#idle?.cancel();
    await this.#stop();
  }

  #started(): Promise<Running> {
    if (this.#isClosed) return Promise.reject(new StrongroomError("unavailable", "the server is stopping"));
    if (this.#running !== undefined) return this.#running;
    const starting = this.#stopping.then(() => this.#start(() => this.#forget(starting)));
    this.#running = starting;
    starting.catch(() => this.#forget(starting));
    return starting;
  }

  async #start(onEnd: () => void): Promise<Running> {
    const { feed, timers } = this.#options;
    const origin: ClusterOrigin = {
      id: "this server",
      version: feed.version,
      server: "strongroom",
      level: "metadata",
      readAt: new Date(timers.now()).toISOString(),
    };
    const worker = new WorkerClient(origin, (error) => {
      this.#options.onError(error);
      onEnd();
    });
    try {
      const followed = await feed.follow(isLookedAt, (state) => worker.tell(state));
      return { worker, followed };
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What failed is started anew by the next question. */
  #forget(running: Promise<Running>): void {
    if (this.#running === running) void this.#stop();
  }

  #stopWhenIdle(): void {
    if (this.#isClosed) return;
    const stop = () => void this.#stop();
    this.#idle = this.#options.timers.after(this.#options.idleMs ?? defaultIdleMs, stop);
  }

  #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return this.#stopping;
    this.#stopping = this.#stopping.then(() => end(running)).catch((error: unknown) => this.#options.onError(error));
    return this.#stopping;
  }
}

function isLookedAt(apiVersion: string, kind: string): boolean {
  return factKindOf(apiVersion, kind) !== undefined;
}

async function end(running: Promise<Running>): Promise<void> {
  const parts = await running.catch(() => undefined); // what did not start has told whoever asked
  await parts?.followed[Symbol.asyncDispose]();
  await parts?.worker[Symbol.asyncDispose]();
}
