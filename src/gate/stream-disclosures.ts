/**
 * Disclosure records of live streams.
 *
 * One change reaches every matching watch at the same time, so what is disclosed
 * within one turn of the event loop is recorded once per object, with the ids of
 * all the streams that receive it: 1,024 watches of one secret cost one record,
 * and none of them may send it before that record is durable.
 */
import type { AuditEvent, Disclosure } from "../audit/audit-event.ts";
import { microsecondsOf } from "../audit/audit-event.ts";
import { inRecord } from "../audit/disclosures.ts";
import type { User } from "../identity/user.ts";

interface Pending {
  readonly door: string;
  readonly disclosure: Disclosure;
  readonly streams: DisclosingStream[];
  readonly written: Promise<void>;
}

/** A stream that receives something. */
export interface DisclosingStream {
  readonly id: string;
  readonly door: string;
  /** Who receives it. */
  readonly user: User;
}

export interface StreamDisclosuresOptions {
  readonly write: (event: AuditEvent) => Promise<void>;
  /** What is on record of those in whose stead the users read. */
  readonly behind: (users: readonly User[], disclosed: readonly Disclosure[]) => Partial<AuditEvent>;
  readonly now: () => Date;
  readonly uuid: () => string;
}

export class StreamDisclosures {
  readonly #options: StreamDisclosuresOptions;
  /** What this turn has collected, by object state. */
  #pending = new Map<string, Pending>();

  constructor(options: StreamDisclosuresOptions) {
    this.#options = options;
  }

  /** Resolves when it is on record that `stream` receives the disclosed states. */
  async record(stream: DisclosingStream, disclosed: readonly Disclosure[]): Promise<void> {
    const written = new Set<Promise<void>>();
    for (const disclosure of disclosed) {
      const pending = this.#collect(disclosure, stream.door);
      pending.streams.push(stream);
      written.add(pending.written);
    }
    await Promise.all(written);
  }

  #collect(disclosure: Disclosure, door: string): Pending {
    const { uid, resourceVersion, keys } = disclosure;
    const id = `${door}\0${uid}\0${resourceVersion}\0${keys?.join(" ") ?? "/"}`;
    const known = this.#pending.get(id);
    if (known !== undefined) return known;
    const streams: DisclosingStream[] = [];
    const written = new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        this.#pending.delete(id);
        this.#options.write(this.#event({ door, disclosure, streams })).then(resolve, reject);
      });
    });
    const pending = { door, disclosure, streams, written };
    this.#pending.set(id, pending);
    return pending;
  }

  #event(pending: Omit<Pending, "written">): AuditEvent {
    const { now, uuid, behind } = this.#options;
    const time = microsecondsOf(now());
    const users = pending.streams.map(({ user }) => user);
    return {
      // Stands for all the streams, so it has an id of its own.
      auditID: uuid(),
      stage: "Disclosed",
      door: pending.door,
      verb: "watch",
      requestURI: "",
      user: { username: "", groups: [] },
      sourceIPs: [],
      userAgent: "",
      requestReceivedTimestamp: time,
      stageTimestamp: time,
      ...disclosedFields([pending.disclosure]),
      ...behind(users, [pending.disclosure]),
      streams: pending.streams.map(({ id }) => id),
    };
  }
}

/** What an event has of secrets that leave: not none. */
export function disclosedFields(disclosed: readonly Disclosure[]): Pick<AuditEvent, "disclosed" | "metadataOnly"> {
  const holdsValues = disclosed.some(({ keys }) => keys !== undefined);
  return { disclosed: inRecord(disclosed), ...(!holdsValues && { metadataOnly: true }) };
}
