/**
 * The names of what a list disclosed, for its last event: they are on record piece by piece, before each left, and Kubernetes has no
 * event for pieces. Entries come in the order of the log; some come again after a failure.
 */
import type { AuditEvent, Disclosure } from "../audit-event.ts";
import type { AuditEntry } from "../audit-log.ts";
import { disclosuresOf } from "../disclosures.ts";

/** Lists that are on their way at a time, or ended a while ago and may come again. */
const listsMax = 256;
/** Of the names of one, the first; of the others only the number. */
export const namesMax = 500;

interface ListedNames {
  /** What has been noted, so that it counts once. */
  readonly positions: Set<number>;
  readonly names: Disclosure[];
  count: number;
  holdsValues: boolean;
}

/** What a list disclosed: `count` of which `names` are the first. */
export type NamesOfList = Pick<ListedNames, "names" | "count" | "holdsValues">;

export class ListNames {
  readonly #lists = new Map<string, ListedNames>();

  /** Notes the beginning of a list, and its pieces. */
  note({ position, event }: AuditEntry): void {
    if (!isList(event)) return;
    if (event.stage === "ResponseStarted") this.#begin(event);
    const list = event.stage === "Disclosed" ? this.#lists.get(idOf(event)) : undefined;
    if (list === undefined || list.positions.has(position)) return;
    list.positions.add(position);
    const disclosed = disclosuresOf(event);
    list.count += disclosed.length;
    list.holdsValues ||= event.metadataOnly !== true;
    list.names.push(...disclosed.slice(0, namesMax - list.names.length));
  }

  /** Of a list that ends; `unknown` where its beginning has not been seen: it was before a start. Undefined for what is no list. */
  of(event: AuditEvent): NamesOfList | "unknown" | undefined {
    if (!isList(event) || event.stage !== "ResponseComplete" || event.responseStatus?.code !== 200) return undefined;
    return this.#lists.get(idOf(event)) ?? "unknown";
  }

  #begin(event: AuditEvent): void {
    const id = idOf(event);
    if (this.#lists.has(id)) return;
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size < listsMax) break;
      this.#lists.delete(oldest);
    }
    this.#lists.set(id, { positions: new Set(), names: [], count: 0, holdsValues: false });
  }
}

/** Of secrets, in pieces. What a cluster reports of a list of its own has none, and is not ours to say what it disclosed. */
function isList({ verb, streamID, objectRef, reported }: AuditEvent): boolean {
  return verb === "list" && streamID === undefined && objectRef?.resource === "secrets" && reported === undefined;
}

/** Clients choose the audit id: two requests may have the same. */
function idOf({ auditID, user, requestURI, requestReceivedTimestamp }: AuditEvent): string {
  return [auditID, user.username, requestReceivedTimestamp, requestURI].join("\0");
}
