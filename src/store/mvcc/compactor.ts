import { isStrongroomError } from "../../errors/strongroom-error.ts";
import type { Clock, Timer } from "../clock.ts";
import { revisionZero } from "../revision.ts";
import type { Revision } from "../revision.ts";
import { compactStep, isCompactionDue } from "./compaction.ts";
import type { CompactionGoal } from "./compaction.ts";
import type { Retention } from "./retention.ts";
import { revisionAt } from "./revision-at.ts";
import type { Stage } from "./stage.ts";
import type { StoreState, Tables } from "./tables.ts";

interface CompactorOptions {
  readonly tables: Tables;
  readonly clock: Clock;
  readonly retention: Retention;
  /** What is committed now. */
  readonly state: () => StoreState;
  /** Runs work in the next group commit. */
  readonly stage: (work: (stage: Stage) => boolean) => Promise<boolean>;
  /** Told when the automatic compaction failed; it tries again an interval later. */
  readonly report: (error: unknown) => void;
}

/** Compacts on request, and by itself as the retention says. */
export class Compactor {
  readonly #options: CompactorOptions;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  /** Looks at the retention now and then. */
  start(): void {
    const { clock, retention } = this.#options;
    this.#timer = clock.after(retention.intervalMs, () => {
      this.#running = this.#retain().finally(() => {
        this.#running = undefined;
        if (!this.#isStopped) this.start();
      });
    });
  }

  /** Resolves when no step runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Clears the history up to a revision that is marked as compacted. */
  async clearTo(revision: Revision): Promise<void> {
    await this.#run({ revision, supersededBytesMax: Infinity });
  }

  async #retain(): Promise<void> {
    const { tables, clock, retention, state, report } = this.#options;
    const revision = revisionAt(tables, state(), clock.now() - retention.ageMsMax) ?? revisionZero;
    try {
      await this.#run({ revision, supersededBytesMax: retention.supersededBytesMax });
    } catch (error) {
      // A store that closes or restores meanwhile needs no compaction.
      if (!this.#isStopped || !isStrongroomError(error, "unavailable")) report(error);
    }
  }

  async #run(goal: CompactionGoal): Promise<void> {
    const { tables, state, stage } = this.#options;
    while (!this.#isStopped && isCompactionDue({ state: state() }, goal)) {
      const hasMore = await stage((staged) => compactStep(tables, staged, goal));
      if (!hasMore) return;
    }
  }
}
