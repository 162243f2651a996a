/** Counters of what clusters send. Labels are few and closed: clusters of the configuration, and words of ours. */
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { Received } from "../../audit/cluster/cluster-reports.ts";

export class AuditWebhookMetrics {
  readonly #events: Counter;
  readonly #bodies: Counter;
  readonly #refused: Counter;
  readonly #last: Gauge;

  constructor(registry: Registry, clusters: readonly string[]) {
    const registers = [registry];
    this.#events = new Counter({
      name: "strongroom_cluster_audit_events_total",
      help: "Events that clusters sent, by what became of them: kept, repeated, passed-over, unreadable.",
      labelNames: ["cluster", "result"],
      registers,
    });
    this.#bodies = new Counter({
      name: "strongroom_cluster_audit_bodies_dropped_total",
      help: "Events about secrets that came with bodies of requests or answers, which were not kept.",
      labelNames: ["cluster"],
      registers,
    });
    this.#refused = new Counter({
      name: "strongroom_cluster_audit_batches_refused_total",
      help: "Batches that were not taken, by the status that was answered.",
      labelNames: ["cluster", "code"],
      registers,
    });
    this.#last = new Gauge({
      name: "strongroom_cluster_audit_last_received_timestamp_seconds",
      help: "When the last batch of a cluster was received since the start.",
      labelNames: ["cluster"],
      registers,
    });
    // What has not happened yet is told too: an alert must see a cluster that never sends.
    for (const cluster of clusters) {
      for (const result of ["kept", "repeated", "passed-over", "unreadable"]) this.#events.inc({ cluster, result }, 0);
      this.#bodies.inc({ cluster }, 0);
    }
  }

  received(cluster: string, { kept, repeated, passedOver, unreadable, bodiesDropped }: Received, at: Date): void {
    const results = { kept, repeated, "passed-over": passedOver, unreadable };
    for (const [result, count] of Object.entries(results)) this.#events.inc({ cluster, result }, count);
    this.#bodies.inc({ cluster }, bodiesDropped);
    this.#last.set({ cluster }, at.getTime() / 1000);
  }

  refused(cluster: string, code: number): void {
    this.#refused.inc({ cluster, code: String(code) });
  }
}
