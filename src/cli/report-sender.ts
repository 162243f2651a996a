/** Sends what audit logs of a cluster say of its Secrets, in batches, as the webhook of its API servers would. */
import { noCounts } from "../sight/audit/audit-coverage.ts";
import { eventsIn } from "../sight/audit/audit-log.ts";
import type { LogSink } from "../sight/audit/read-audit.ts";
import { field, textField } from "../sight/facts/json-fields.ts";

/** What became of events, as the server counts it. */
export interface SentCounts {
  kept: number;
  repeated: number;
  passedOver: number;
  unreadable: number;
}

/** As API servers send them. */
const batchEvents = 400;
/** Of an event without its bodies; nobody's is longer. */
const eventBytesMax = 64 * 1024;
/** What is sent of an event: values, which bodies have, stay where they are. */
const sentFields = [
  "level",
  "auditID",
  "stage",
  "requestURI",
  "verb",
  "user",
  "impersonatedUser",
  "sourceIPs",
  "userAgent",
  "objectRef",
  "responseStatus",
  "requestReceivedTimestamp",
  "stageTimestamp",
  "annotations",
] as const;

export class ReportSender implements LogSink {
  readonly counts = noCounts();
  readonly sent: SentCounts = { kept: 0, repeated: 0, passedOver: 0, unreadable: 0 };
  readonly #send: (items: readonly object[]) => Promise<SentCounts>;
  #waiting: object[] = [];

  /** `send` has a batch received; it raises what the import ends with. */
  constructor(send: (items: readonly object[]) => Promise<SentCounts>) {
    this.#send = send;
  }

  value(value: unknown): void {
    for (const event of eventsIn(value)) {
      if (!isOfSecrets(event)) {
        this.sent.passedOver++;
        continue;
      }
      const given = sentFields.map((name) => [name, field(event, name)] as const);
      const report = Object.fromEntries(given.filter(([, part]) => part !== undefined));
      if (JSON.stringify(report).length > eventBytesMax) this.sent.unreadable++;
      else this.#waiting.push(report);
    }
  }

  unreadable(): void {
    this.sent.unreadable++;
  }

  async ready(): Promise<void> {
    while (this.#waiting.length >= batchEvents) await this.#sendBatch();
  }

  /** To be called after the last log. */
  async finish(): Promise<void> {
    while (this.#waiting.length > 0) await this.#sendBatch();
  }

  async #sendBatch(): Promise<void> {
    const received = await this.#send(this.#waiting.splice(0, batchEvents));
    for (const name of ["kept", "repeated", "passedOver", "unreadable"] as const) this.sent[name] += received[name];
  }
}

/** What our own server has on record is not what a cluster says. */
function isOfSecrets(event: unknown): boolean {
  return (
    textField(event, "objectRef", "resource") === "secrets" &&
    textField(event, "objectRef", "apiGroup") === "" &&
    field(event, "door") === undefined
  );
}
