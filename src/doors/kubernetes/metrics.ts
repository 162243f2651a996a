/**
 * Counters of the door, named as upstream names them where upstream has them.
 * Labels are few and closed: no names, no paths.
 * Source: apiserver pkg/endpoints/metrics/metrics.go.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export class KubernetesMetrics {
  readonly #requests: Counter;
  readonly #durations: Histogram;
  /** Requests being worked on. Plain numbers that the gauges read when they are asked: each request changes one twice. */
  readonly #running = { "read-only": 0, mutating: 0, watch: 0 };
  /** By labels: looking a child up by its labels costs more than counting. */
  readonly #counters = new Map<string, Counter.Internal>();
  readonly #histograms = new Map<string, Histogram.Internal<"verb" | "resource">>();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: "apiserver_request_total",
      help: "Requests by verb, resource and HTTP status code.",
      labelNames: ["verb", "resource", "code"],
      registers,
    });
    this.#durations = new Histogram({
      name: "apiserver_request_duration_seconds",
      help: "Time from the end of the headers to the end of the answer, watches left out.",
      labelNames: ["verb", "resource"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    });
    const running = this.#running;
    const gauges = [
      new Gauge({
        name: "apiserver_current_inflight_requests",
        help: "Requests being worked on, by kind.",
        labelNames: ["request_kind"],
        registers: [],
        collect() {
          this.set({ request_kind: "readOnly" }, running["read-only"]);
          this.set({ request_kind: "mutating" }, running.mutating);
        },
      }),
      new Gauge({
        name: "apiserver_longrunning_requests",
        help: "Running watches.",
        registers: [],
        collect() {
          this.set(running.watch);
        },
      }),
    ];
    for (const gauge of gauges) registry.registerMetric(gauge);
  }

  /** A request of a class began (+1) or ended (-1). */
  inFlight(requestClass: "read-only" | "mutating" | "watch", change: 1 | -1): void {
    this.#running[requestClass] += change;
  }

  /** A request was answered. `resource` is that of a known kind, or "". */
  answered(request: { verb: string; resource: string; code: number; seconds: number }): void {
    const { verb, resource } = request;
    const counter = childOf(this.#counters, `${verb} ${resource} ${request.code}`, () =>
      this.#requests.labels({ verb: verb.toUpperCase(), resource, code: String(request.code) }),
    );
    counter.inc();
    if (verb === "watch") return;
    const histogram = childOf(this.#histograms, `${verb} ${resource}`, () =>
      this.#durations.labels({ verb: verb.toUpperCase(), resource }),
    );
    histogram.observe(request.seconds);
  }
}

/** Labels are few and closed, and so are the children. */
function childOf<Child>(children: Map<string, Child>, labels: string, make: () => Child): Child {
  let child = children.get(labels);
  if (child === undefined) children.set(labels, (child = make()));
  return child;
}
