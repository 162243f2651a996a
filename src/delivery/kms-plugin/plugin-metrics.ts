import { Counter, Gauge, Histogram } from "prom-client";
import type { Registry } from "prom-client";
import type { KeyRing } from "./key-ring.ts";

/** What the metrics look at when they are read. */
export interface PluginState {
  ring(): KeyRing;
  now(): Date;
  /** Whether what is on the disk is what is used. */
  isKeyFileCurrent(): boolean;
  isSocketInPlace(): boolean;
  /** Whether the ring of the server is used; undefined without a server. */
  readonly isServerCurrent: (() => boolean) | undefined;
}

/** Metrics of a plugin: of calls by method and status, and of what it stands on. No label has a key id: those are in the records. */
export class PluginMetrics {
  readonly #calls: Counter<"method" | "status">;
  readonly #seconds: Histogram<"method">;
  #lastStatus = 0;

  constructor(registry: Registry, state: PluginState) {
    const registers = [registry];
    this.#calls = new Counter({
      name: "strongroom_kms_plugin_calls_total",
      help: "Calls by method and gRPC status.",
      labelNames: ["method", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "strongroom_kms_plugin_call_duration_seconds",
      help: "How long calls took; kube-apiserver waits 3 seconds unless told otherwise.",
      labelNames: ["method"],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 3],
      registers,
    });
    const gauges: readonly (readonly [name: string, help: string, value: () => number])[] = [
      ["keys", "Keys that the plugin holds.", () => state.ring().facts.length],
      ["write_key_made_timestamp_seconds", "When the key that writes was made.", () => madeSeconds(state)],
      ["key_file_current", "1 while the key file on the disk is what is used.", () => Number(state.isKeyFileCurrent())],
      ["socket_in_place", "1 while the path of the socket leads here.", () => Number(state.isSocketInPlace())],
      ["last_status_timestamp_seconds", "When kube-apiserver last asked for the status.", () => this.#lastStatus],
    ];
    const { isServerCurrent } = state;
    const server = "1 while the ring of the server was in use when it was asked last.";
    const more = isServerCurrent === undefined ? [] : ([["ring_server_current", server, isServerCurrent]] as const);
    for (const [name, help, value] of [...gauges, ...more.map(numbered)]) {
      registry.registerMetric(gaugeOf({ name: `strongroom_kms_plugin_${name}`, help }, value));
    }
  }

  /** One call has ended. `method` is one that is served. */
  called(method: string, status: number, seconds: number): void {
    this.#calls.inc({ method, status: String(status) });
    this.#seconds.observe({ method }, seconds);
    if (method === "Status" && status === 0) this.#lastStatus = Date.now() / 1000;
  }
}

function numbered([name, help, value]: readonly [string, string, () => boolean]) {
  return [name, help, () => Number(value())] as const;
}

/** Its value is asked for when it is read. */
function gaugeOf(described: { readonly name: string; readonly help: string }, value: () => number): Gauge {
  return new Gauge({
    ...described,
    registers: [],
    collect() {
      this.set(value());
    },
  });
}

function madeSeconds(state: PluginState): number {
  return state.ring().writeKey(state.now()).madeAt.getTime() / 1000;
}
