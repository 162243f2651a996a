import { turn } from "./turn.ts";

/** Work that waits for the next commit. */
interface Job<Context> {
  /** Runs inside the group; returns what to do once the group is durable. May throw, then it fails alone. */
  readonly plan: (context: Context) => () => void;
  readonly fail: (error: unknown) => void;
}

/** How a group becomes durable. */
export interface GroupCommit<Context> {
  /** Starts a group. */
  begin(): Context;
  /** Whether the group should take no more. */
  isFull(context: Context): boolean;
  /** Makes the group durable and visible; raises when nothing of it was kept. */
  commit(context: Context): Promise<void>;
}

/**
 * A plain queue that is drained once per turn of the event loop: everything that
 * waits shares one commit, and so one sync of the disk. No timer and no delay:
 * with 64 writers a group of 64 forms while the group before it is being synced.
 */
export class CommitQueue<Context> {
  readonly #group: GroupCommit<Context>;
  #waiting: Job<Context>[] = [];
  #running: Promise<void> | undefined;

  constructor(group: GroupCommit<Context>) {
    this.#group = group;
  }

  /** Runs `work` in the next group; resolves to its result when the group is durable. */
  enqueue<Result>(work: (context: Context) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const plan = (context: Context): (() => void) => {
        const result = work(context);
        return () => resolve(result);
      };
      this.#waiting.push({ plan, fail: reject });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await turn();
      await this.#commitGroup();
    }
    this.#running = undefined;
  }

  async #commitGroup(): Promise<void> {
    const jobs = this.#waiting;
    this.#waiting = [];
    const context = this.#group.begin();
    const planned: { readonly job: Job<Context>; readonly settle: () => void }[] = [];
    let taken = 0;
    while (taken < jobs.length && !this.#group.isFull(context)) {
      const job = jobs[taken++]!; // taken < length
      try {
        planned.push({ job, settle: job.plan(context) });
      } catch (error) {
        job.fail(error);
      }
    }
    if (taken < jobs.length) this.#waiting = [...jobs.slice(taken), ...this.#waiting];
    try {
      await this.#group.commit(context);
    } catch (error) {
      for (const { job } of planned) job.fail(error);
      return;
    }
    for (const { settle } of planned) settle();
  }
}
