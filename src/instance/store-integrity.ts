/**
 * Looks, in the background, whether somebody removed records from the store's files
 * or put older ones back: soon after the start, then daily. It reads keys, not
 * values, in pages between which requests are served.
 */
import { Gauge } from "prom-client";
import type { Registry } from "prom-client";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Logger } from "../log/logger.ts";

const intervalMs = 24 * 60 * 60 * 1000;
/** The first look waits until the server has answered its first requests. */
const firstDelayMs = 5_000;

/** The ability of an engine to prove its live set. */
interface Verifiable {
  verifyLiveSet(): Promise<{ readonly ok: boolean; readonly revision: number; readonly keys: number }>;
}

export interface StoreIntegrity extends Disposable {
  /** Rejects when the last look found the store changed from outside; for readiness. */
  check(): Promise<void>;
}

export function watchStoreIntegrity(engine: Verifiable, registry: Registry, log: Logger): StoreIntegrity {
  let intact = true;
  let disposed = false;
  const gauge = new Gauge({
    name: "strongroom_store_intact",
    help: "1 while the last verification found exactly the committed records in the store, else 0.",
    registers: [registry],
  });
  gauge.set(1);
  const verify = async () => {
    const report = await engine.verifyLiveSet();
    intact = report.ok;
    gauge.set(report.ok ? 1 : 0);
    if (report.ok) return;
    const error = new StrongroomError("corrupt", "the store must hold exactly the records that were committed");
    log.error("Store was changed from outside; restore a backup", error, {
      revision: report.revision,
      keys: report.keys,
    });
  };
  const run = () =>
    void verify().catch((error: unknown) => {
      // A store that closes under a running verification ends it; the next start verifies again.
      if (!disposed) log.error("Store verification failed", error);
    });
  const first = setTimeout(run, firstDelayMs).unref();
  const daily = setInterval(run, intervalMs).unref();
  return {
    async check() {
      if (!intact) throw new StrongroomError("corrupt", "the store must be intact");
    },
    [Symbol.dispose]() {
      disposed = true;
      clearTimeout(first);
      clearInterval(daily);
    },
  };
}
