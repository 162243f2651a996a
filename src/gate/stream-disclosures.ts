/**
 * Disclosure records of live streams.
 *
 * One change reaches every matching watch at the same time, so what is disclosed
 * within one turn of the event loop is recorded once per object, with the ids of
 * all the streams that receive it: 1,024 watches of one secret cost one record,
 * and none of them may send it before that record is durable.
 */
import type { AuditEvent, Disclosure } from "../audit/audit-event.ts";

interface Pending {
  readonly door: string;
  readonly disclosure: Disclosure;
  readonly metadataOnly: boolean;
  readonly streams: string[];
  readonly written: Promise<void>;
}

export class StreamDisclosures {
  readonly #write: (event: AuditEvent) => Promise<void>;
  readonly #now: () => Date;
  readonly #uuid: () => string;
  /** What this turn has collected, by object state. */
  #pending = new Map<string, Pending>();

  constructor(write: (event: AuditEvent) => Promise<void>, options: { now: () => Date; uuid: () => string }) {
    this.#write = write;
    this.#now = options.now;
    this.#uuid = options.uuid;
  }

  /** Resolves when it is on record that `stream` receives the disclosed states. */
  async record(stream: string, door: string, disclosed: readonly Disclosure[], metadataOnly: boolean): Promise<void> {
    const written = new Set<Promise<void>>();
    for (const disclosure of disclosed) {
      const pending = this.#collect(disclosure, door, metadataOnly);
      pending.streams.push(stream);
      written.add(pending.written);
    }
    await Promise.all(written);
  }

  #collect(disclosure: Disclosure, door: string, metadataOnly: boolean): Pending {
    const id = `${door}\0${metadataOnly}\0${disclosure.uid}\0${disclosure.resourceVersion}`;
    const known = this.#pending.get(id);
    if (known !== undefined) return known;
    const streams: string[] = [];
    const written = new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        this.#pending.delete(id);
        this.#write(this.#event({ door, disclosure, metadataOnly, streams })).then(resolve, reject);
      });
    });
    const pending = { door, disclosure, metadataOnly, streams, written };
    this.#pending.set(id, pending);
    return pending;
  }

  #event(pending: Omit<Pending, "written">): AuditEvent {
    const time = this.#now().toISOString().replace("Z", "000Z");
    return {
      // Stands for all the streams, so it has an id of its own.
      auditID: this.#uuid(),
      stage: "Disclosed",
      door: pending.door,
      verb: "watch",
      requestURI: "",
      user: { username: "", groups: [] },
      sourceIPs: [],
      userAgent: "",
      requestReceivedTimestamp: time,
      stageTimestamp: time,
      disclosed: [pending.disclosure],
      streams: pending.streams,
      ...(pending.metadataOnly && { metadataOnly: true }),
    };
  }
}
