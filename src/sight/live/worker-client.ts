/** The server's end of the thread that keeps a graph. */
import { Worker } from "node:worker_threads";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { ClusterOrigin } from "../facts/fact-set.ts";
import type { ObjectState } from "./object-feed.ts";
import type { SightAnswer, SightQuestion } from "./sight-question.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** A graph of 30,000 pods takes 200 MB; what needs more than this is refused by the end of the thread. */
const heapMegabytesMax = 2048;
/** States are sent when so many are waiting, and whenever the thread is free. */
const batchStates = 200;

interface Waiting {
  readonly resolve: (answer: SightAnswer) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerClient implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onEnd: (error: Error | undefined) => void;
  #batch: ObjectState[] = [];
  #flush: NodeJS.Immediate | undefined;
  #nextId = 1;
  #ended: Error | undefined;

  /** `origin` is what answers say of where they are from; `onEnd` is told when the thread ended by itself. */
  constructor(origin: ClusterOrigin, onEnd: (error: Error | undefined) => void) {
    this.#onEnd = onEnd;
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const resourceLimits = { maxOldGenerationSizeMb: heapMegabytesMax };
    // Flags of the process, such as those of --eval, are none of the thread.
    const options = { resourceLimits, execArgv: [], workerData: origin };
    this.#worker = new Worker(new URL(`./graph-worker.${extension}`, import.meta.url), options);
    this.#worker.on("message", (message: FromWorker) => this.#take(message));
    this.#worker.on("error", (error: Error) => this.#end(error));
    this.#worker.on("exit", () => this.#end(undefined));
    this.#worker.unref();
  }

  tell(state: ObjectState): void {
    this.#batch.push(state);
    if (this.#batch.length >= batchStates) this.#send();
    else this.#flush ??= setImmediate(() => this.#send());
  }

  /** Answers from everything told before. Raises `invalid`; `unavailable` when the thread has ended. */
  ask(question: SightQuestion): Promise<SightAnswer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#send();
    const id = this.#nextId++;
    this.#worker.ref(); // who waits for an answer keeps the process
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ type: "ask", id, question });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new StrongroomError("unavailable", "the graph is being stopped"));
    clearImmediate(this.#flush);
    await this.#worker.terminate();
  }

  #send(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    if (this.#batch.length === 0) return;
    const states = this.#batch;
    this.#batch = [];
    this.#post({ type: "states", states });
  }

  #post(message: ToWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of threads, not of windows
    this.#worker.postMessage(message);
  }

  #take(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (message.type === "answer") waiting?.resolve(message.answer);
    else waiting?.reject(refusal(message));
  }

  #end(cause: Error | undefined): void {
    if (this.#ended !== undefined) return;
    this.#fail(new StrongroomError("unavailable", "the thread of the graph ended", { cause }));
    this.#onEnd(cause);
  }

  #fail(error: Error): void {
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function refusal({ code, message }: Extract<FromWorker, { type: "refused" }>): Error {
  return code === undefined ? new Error(message) : new StrongroomError(code, message);
}
