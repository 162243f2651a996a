import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { Logger } from "../log/logger.ts";
import type { EncryptionReports } from "./encryption-at-rest.ts";

/**
 * Tells of a configuration of encryption that changed: in the log, and in the metrics of upstream.
 * Source: kubernetes/apiserver pkg/server/options/encryptionconfig/metrics/metrics.go.
 */
export function encryptionReports(registry: Registry, log: Logger, now: () => Date): EncryptionReports {
  const reloads = new Counter({
    name: "apiserver_encryption_config_controller_automatic_reloads_total",
    help: "Reloads of the encryption configuration after it changed, by status.",
    labelNames: ["status"],
    registers: [registry],
  });
  const last = new Gauge({
    name: "apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds",
    help: "Time of the last reload of the encryption configuration, by status.",
    labelNames: ["status"],
    registers: [registry],
  });
  const count = (status: "success" | "failure") => {
    reloads.inc({ status });
    last.set({ status }, now().getTime() / 1000);
  };
  return {
    reloaded(summary) {
      count("success");
      log.info("Reloaded encryption configuration", { summary: summary.join(" | ") });
    },
    refused(error) {
      count("failure");
      log.error("Kept the encryption configuration that was in force: the file cannot be used", error);
    },
  };
}
