/**
 * Who reads a watch: what leaves with watches is on record once for all of them, by their ids, and each id is on record with
 * the beginning of its watch.
 */
import type { AuditEvent } from "../audit-event.ts";
import { circumstanceText } from "./circumstance.ts";
import type { Circumstance } from "./circumstance.ts";

/** Watches that are remembered; of others, what the index has of their beginning is read. */
const rememberedMax = 16_384;

export class StreamReaders {
  /** Undefined for those whose beginning is not on record. */
  readonly #remembered = new Map<string, Circumstance | undefined>();
  readonly #find: (id: string) => Promise<Circumstance | undefined>;

  /** `find` looks for a beginning in what is indexed already. */
  constructor(find: (id: string) => Promise<Circumstance | undefined>) {
    this.#find = find;
  }

  /** Notes the beginning of a watch, and forgets one that ends. */
  note({ streamID, stage }: AuditEvent, circumstance: Circumstance): void {
    if (streamID === undefined) return;
    if (stage === "ResponseStarted") this.#remember(streamID, circumstance);
    else if (stage === "ResponseComplete") this.#remembered.delete(streamID);
  }

  /** Those who receive what an event discloses: the caller, or each of its watches. One whose beginning is not on record is "". */
  of(event: AuditEvent, own: Circumstance): readonly Circumstance[] | Promise<readonly Circumstance[]> {
    const { streams } = event;
    if (streams === undefined || streams.length === 0) return [own];
    if (streams.every((id) => this.#remembered.has(id))) {
      return eachOnce(streams.map((id) => this.#remembered.get(id) ?? own));
    }
    return Promise.all(streams.map(async (id) => (await this.#beginningOf(id)) ?? own)).then(eachOnce);
  }

  async #beginningOf(id: string): Promise<Circumstance | undefined> {
    if (this.#remembered.has(id)) return this.#remembered.get(id);
    const found = await this.#find(id);
    this.#remember(id, found);
    return found;
  }

  #remember(id: string, circumstance: Circumstance | undefined): void {
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size < rememberedMax) break;
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(id, circumstance);
  }
}

/** Many watches of one client are alike. */
function eachOnce(circumstances: readonly Circumstance[]): readonly Circumstance[] {
  if (circumstances.length < 2) return circumstances;
  return [...new Map(circumstances.map((each) => [circumstanceText(each), each])).values()];
}
