/**
 * Looks, in the background, whether somebody changed the audit log's files under the server: soon after the start, then daily. The server
 * goes on with what it finds, since its answers do not depend on the past; people must hear of it.
 */
import { Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { LogVerdict } from "../audit/log/verify-log.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Logger } from "../log/logger.ts";

const intervalMs = 24 * 60 * 60 * 1000;
/** The first look waits until the server has answered its first requests, and the store was looked at. */
export const firstLookMs = 30_000;
/** Faults that are told one by one. */
const toldMax = 5;

/** Losses that the server has put on record itself were told of at the time, and do not count. */
export function watchAuditIntegrity(
  log: { verify(): Promise<Pick<LogVerdict, "faults">> },
  registry: Registry,
  logger: Logger,
): Disposable {
  let disposed = false;
  const gauge = new Gauge({
    name: "strongroom_audit_intact",
    help: "1 while the last verification found the audit log as it was written, else 0.",
    registers: [registry],
  });
  gauge.set(1);
  const verify = async () => {
    const faults = (await log.verify()).faults.filter(({ onRecord }) => onRecord !== true);
    gauge.set(faults.length === 0 ? 1 : 0);
    for (const { segment, from, to, what } of faults.slice(0, toldMax)) {
      const error = new StrongroomError("corrupt", "the audit log must be as it was written");
      logger.error("Audit log was changed from outside", error, { segment, fromEntry: from, beforeEntry: to, what });
    }
  };
  const run = () =>
    void verify().catch((error: unknown) => {
      // What could not be looked at was not found as it was written.
      gauge.set(0);
      if (!disposed) logger.error("Verification of the audit log failed", error);
    });
  const first = setTimeout(run, firstLookMs).unref();
  const daily = setInterval(run, intervalMs).unref();
  return {
    [Symbol.dispose]() {
      disposed = true;
      clearTimeout(first);
      clearInterval(daily);
    },
  };
}
