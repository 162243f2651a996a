/**
 * The server as it is served, with additions that only a message starts: a histogram of
 * event-loop delays, its answer, a collection of garbage, and an audit log that forgets.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { IntervalHistogram } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { AuditLogFile } from "../../src/audit/log/audit-log-file.ts";
import { startServer } from "../../src/server/server.ts";
import type { ServerConfig } from "../../src/server/server-config.ts";
import { answerMessages, entryOptions, tell } from "./entry.ts";

export interface ServerStarted {
  readonly url: string;
}

export interface LoopDelay {
  /** Longest time in which no timer could run. */
  readonly maxMs: number;
}

/** How often the histogram looks; part of every delay it reports, so taken off. */
const resolutionMs = 1;

const server = await startServer(entryOptions<ServerConfig>(), () => {});
let histogram: IntervalHistogram | undefined;
const { write } = AuditLogFile.prototype;
const forget = () => Promise.resolve();
type Asked = "loop-start" | "loop-read" | "collect-garbage" | "audit-on" | "audit-off";
answerMessages<{ readonly type: Asked }>(async ({ type }) => {
  if (type === "audit-on" || type === "audit-off") {
    AuditLogFile.prototype.write = type === "audit-on" ? write : forget;
    return {};
  }
  if (type === "collect-garbage") {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as (options: object) => void; // what the flag just made
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
    return {};
  }
  if (type === "loop-start") {
    histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    histogram.enable();
    return {};
  }
  histogram?.disable();
  return { maxMs: Math.max(0, (histogram?.max ?? 0) / 1e6 - resolutionMs) } satisfies LoopDelay;
});
process.once("SIGTERM", () => void server.stop().then(() => process.disconnect()));
tell({ url: server.url } satisfies ServerStarted);
