/**
 * Watch.Watch: any number of watches on one stream, each with a decision of the gate and a record of its own.
 * Source: etcd server/etcdserver/api/v3rpc/watch.go, server/storage/mvcc/watchable_store.go.
 */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { GateContext } from "../../../gate/gate.ts";
import type { Place, Span } from "../cluster-keys.ts";
import { askedOfAll, keyDetail } from "../door-calls.ts";
import type { Asked } from "../door-calls.ts";
import { grpcErrorOf } from "../etcd-error.ts";
import type { StreamCall, StreamMethod } from "../../../grpc/serve-grpc.ts";
import { WatchRequest, WatchResponse } from "../messages/watch.ts";
import type { WatchCreateRequest } from "../messages/watch.ts";
import { responseHeader } from "./header.ts";
import { latin1 } from "./range.ts";
import type { RangeOptions } from "./range.ts";
import { KeyWatch } from "./key-watch.ts";

export interface WatchOptions extends RangeOptions {
  /** How often a watch that asked for it is told how far it has come while nothing happens, in ms. */
  readonly progressIntervalMs: number;
  /** Aborts when the server stops: watches end. */
  readonly draining: () => AbortSignal;
  /** Watches that run, of all clients of the cluster. */
  readonly running: { count: number };
}

/** Watches of all clients of a cluster that run at the same time. */
export const watchesMax = 10_000;

/** What is told of a watch that was never made. */
const noWatchId = -1;

/** The methods of `etcdserverpb.Watch`. */
export function watchMethods(options: WatchOptions): readonly (readonly [string, StreamMethod])[] {
  const { running } = options;
  const run: StreamMethod["run"] = async (call, messages, send) => {
    const stream = new WatchStream(options, running, call, send);
    try {
      for await (const message of messages) await stream.take(message);
      // etcd ends the stream when the client has said its last word; what it watches ends with it.
    } finally {
      await stream.close();
    }
  };
  return [["Watch", { type: "stream", run }]];
}

type Send = (message: Uint8Array) => Promise<void>;

/** The watches of one stream. */
class WatchStream {
  readonly #options: WatchOptions;
  readonly #running: { count: number };
  readonly #call: StreamCall;
  readonly #send: Send;
  readonly #watches = new Map<number, KeyWatch>();
  readonly #ends = new Set<Promise<void>>();
  #nextId = 0;
  readonly #onStop = () => this.#closeAll();

  constructor(options: WatchOptions, running: { count: number }, call: StreamCall, send: Send) {
    this.#options = options;
    this.#running = running;
    this.#call = call;
    this.#send = send;
    call.signal.addEventListener("abort", this.#onStop);
    options.draining().addEventListener("abort", this.#onStop);
  }

  async take(message: Uint8Array): Promise<void> {
    const { create, cancel, progress } = WatchRequest.decode(message);
    if (create !== undefined) await this.#create(create);
    if (cancel !== undefined) this.#watches.get(cancel.watchId)?.close();
    if (progress !== undefined) await this.#tellProgress();
  }

  async close(): Promise<void> {
    this.#call.signal.removeEventListener("abort", this.#onStop);
    this.#options.draining().removeEventListener("abort", this.#onStop);
    this.#closeAll();
    await Promise.all(this.#ends);
  }

  #closeAll(): void {
    for (const watch of this.#watches.values()) watch.close();
  }

  async #create(request: WatchCreateRequest): Promise<void> {
    const id = request.watchId > 0 ? request.watchId : this.#freeId();
    if (this.#watches.has(id)) return this.#refuse("mvcc: duplicate watch ID provided on the WatchStream");
    if (this.#running.count >= watchesMax)
      return this.#refuse(`strongroom: at most ${watchesMax} watches run at a time`);
    const { keys } = this.#options.secrets;
    const key = latin1(request.key);
    const of = request.rangeEnd.length === 0 ? keys.place(key) : keys.span(key, latin1(request.rangeEnd));
    const detail = keyDetail(key, latin1(request.rangeEnd));
    const watch = new KeyWatch(this.#options, { id, of, request });
    this.#running.count += 1;
    this.#watches.set(id, watch);
    try {
      const pieces = await this.#options.calls.run(this.#call, askedOf(of), detail, async (context) => {
        await watch.start();
        return { answer: piecesOf(context, watch), code: 200 };
      });
      await this.#tell({ watchId: id, created: true });
      this.#follow(watch, pieces);
    } catch (error) {
      this.#forget(watch);
      watch.close();
      await this.#refuse(reasonOf(error));
    }
  }

  #freeId(): number {
    while (this.#watches.has(this.#nextId)) this.#nextId += 1;
    return this.#nextId++;
  }

  #forget(watch: KeyWatch): void {
    if (this.#watches.get(watch.id) !== watch) return;
    this.#watches.delete(watch.id);
    this.#running.count -= 1;
  }

  #follow(watch: KeyWatch, pieces: AsyncGenerator<Buffer>): void {
    const end = this.#relay(watch, pieces).finally(() => this.#ends.delete(end));
    this.#ends.add(end);
  }

  async #relay(watch: KeyWatch, pieces: AsyncGenerator<Buffer>): Promise<void> {
    let reason = "";
    try {
      for await (const bytes of pieces) await this.#send(bytes);
    } catch (error) {
      // The record of the end could not be written, or the store failed: the client is told and comes again.
      reason = reasonOf(error);
    }
    this.#forget(watch);
    if (watch.hasSaidEnd) return;
    try {
      await this.#tell({ watchId: watch.id, canceled: true, cancelReason: reason });
    } catch {
      // Without a store there is no revision to tell the end at; the stream ends as a whole.
    }
  }

  async #tell(values: Parameters<typeof WatchResponse.encode>[0]): Promise<void> {
    const header = responseHeader(this.#options.identity, await this.#options.secrets.currentRevision());
    await this.#send(WatchResponse.encode({ header, ...values }));
  }

  #refuse(cancelReason: string): Promise<void> {
    return this.#tell({ watchId: noWatchId, created: true, canceled: true, cancelReason });
  }

  /** Tells a revision up to which every watch of the stream has been told everything. */
  async #tellProgress(): Promise<void> {
    const current = await this.#options.secrets.currentRevision();
    await Promise.all([...this.#watches.values()].map((watch) => watch.reached(current)));
    const header = responseHeader(this.#options.identity, current);
    await this.#send(WatchResponse.encode({ header, watchId: noWatchId }));
  }
}

function piecesOf(context: GateContext, watch: KeyWatch): AsyncGenerator<Buffer> {
  return context.audited(watch.pieces(), {
    live: { end: () => watch.close(), refusal: (error) => watch.canceled(reasonOf(error)) },
  });
}

function askedOf(of: Place | Span): Asked {
  if (of.type === "nothing" || of.type === "record") return { ...askedOfAll, verb: "watch" };
  return { verb: "watch", namespace: of.namespace, name: of.type === "secret" ? of.name : "" };
}

/** As clients know it: etcd puts the text of the status where the reason of a cancellation is. */
function reasonOf(error: unknown): string {
  const { message } = grpcErrorOf(error);
  return isStrongroomError(error, "denied") ? `rpc error: code = PermissionDenied desc = ${message}` : message;
}
