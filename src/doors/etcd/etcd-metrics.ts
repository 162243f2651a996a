/** Counters of the door. Labels are few and closed: clusters of the configuration, methods that are served, codes of gRPC. */
import { Counter, Gauge, Histogram } from "prom-client";
import type { Registry } from "prom-client";
import { grpcCodes } from "../../grpc/grpc-status.ts";
import type { GrpcError } from "../../grpc/grpc-status.ts";
import type { Method } from "../../grpc/serve-grpc.ts";

const codeNames: ReadonlyMap<number, string> = new Map(Object.entries(grpcCodes).map(([name, code]) => [code, name]));

export class EtcdMetrics {
  readonly #calls: Counter;
  readonly #durations: Histogram;
  readonly #watches = new Map<string, () => number>();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#calls = new Counter({
      name: "strongroom_etcd_calls_total",
      help: "Calls of the etcd door that have ended, by cluster, method and status code of gRPC.",
      labelNames: ["cluster", "method", "code"],
      registers,
    });
    this.#durations = new Histogram({
      name: "strongroom_etcd_call_duration_seconds",
      help: "Time from a call's message to its answer, streams left out.",
      labelNames: ["cluster", "method"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    const watches = this.#watches;
    const gauge = new Gauge({
      name: "strongroom_etcd_watches",
      help: "Running watches of the etcd door, by cluster.",
      labelNames: ["cluster"],
      registers: [],
      collect() {
        for (const [cluster, count] of watches) this.set({ cluster }, count());
      },
    });
    registry.registerMetric(gauge);
  }

  /** Has the watches of a cluster counted when somebody asks. */
  watches(cluster: string, count: () => number): void {
    this.#watches.set(cluster, count);
  }

  /** The same method, counted. */
  counted(method: Method, labels: { readonly cluster: string; readonly method: string }, statusOf: StatusOf): Method {
    // Found once: to find them by their labels takes longer than to count.
    const byCode = new Map<number, Counter.Internal>();
    const ended = (error?: unknown) => {
      const code = error === undefined ? grpcCodes.ok : statusOf(error).code;
      let calls = byCode.get(code);
      if (calls === undefined) {
        calls = this.#calls.labels({ ...labels, code: codeNames.get(code) ?? "unknown" });
        byCode.set(code, calls);
      }
      calls.inc();
    };
    if (method.type === "stream") {
      return { type: method.type, run: (call, messages, send) => watched(method.run(call, messages, send), ended) };
    }
    const { type, onlyReads } = method;
    const durations = this.#durations.labels(labels);
    return {
      type,
      onlyReads,
      run: (call, message) => {
        const end = durations.startTimer();
        return watched(method.run(call, message), (error) => {
          end();
          ended(error);
        });
      },
    };
  }
}

type StatusOf = (error: unknown) => GrpcError;

async function watched<T>(run: Promise<T>, ended: (error?: unknown) => void): Promise<T> {
  try {
    const result = await run;
    ended();
    return result;
  } catch (error) {
    ended(error);
    throw error;
  }
}
