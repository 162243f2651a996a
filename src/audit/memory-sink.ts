/** An audit sink for tests: keeps events in memory and can be told to fail. */
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { AuditEvent, AuditSink } from "./audit-event.ts";

export class MemorySink implements AuditSink {
  /** Everything written so far, in order. */
  readonly events: AuditEvent[] = [];
  /** While true, writes reject with `unavailable` and record nothing. */
  failing = false;

  write(event: AuditEvent): Promise<void> {
    if (this.failing) return Promise.reject(new StrongroomError("unavailable", "the audit log is failing"));
    this.events.push(event);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
