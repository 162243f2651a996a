/** What the index of the audit log is held to: the same answers, found by reading all of the log. */
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { disclosuresOf } from "../../src/audit/disclosures.ts";
import type { EntryFilter } from "../../src/audit/index/entry-filter.ts";
import type { Life } from "../../src/audit/index/who-read.ts";

/** What is on record of whom, found by reading everything: the specification that the index is held to. */
export class FullScan {
  readonly #events: readonly AuditEvent[];

  constructor(events: readonly AuditEvent[]) {
    this.#events = events;
  }

  positions(filter: EntryFilter): number[] {
    return this.#events.flatMap((event, position) => {
      const timeMs = Date.parse(event.stageTimestamp);
      if (timeMs < (filter.sinceMs ?? -Infinity) || timeMs >= (filter.untilMs ?? Infinity)) return [];
      const of = filter.secret === undefined ? [] : this.#of(event, filter.secret);
      const candidates =
        filter.secret !== undefined
          ? of
          : [event, ...this.#readersOf(event)].slice(0, filter.user === undefined ? 1 : undefined);
      return candidates.some((candidate) => holds(filter, candidate)) ? [position] : [];
    });
  }

  /** Reads, reads of metadata and refusals by user, of those in a cluster by that. */
  readers({ secret, lives, ...filter }: ReadersAsked): Record<string, number[]> {
    const counts: Record<string, number[]> = {};
    const watches: Record<string, { begun: number; ended: number }> = {};
    const count = (event: AuditEvent, place: number) => {
      if (!holds(filter, event)) return;
      (counts[readerOf(event)] ??= [0, 0, 0])[place]!++;
    };
    const countWatch = (event: AuditEvent) => {
      if (!holds(filter, event)) return;
      counts[readerOf(event)] ??= [0, 0, 0];
      const of = (watches[readerOf(event)] ??= { begun: 0, ended: 0 });
      if (event.stage === "ResponseComplete") of.ended++;
      else of.begun++;
    };
    for (const position of this.positions({
      sinceMs: filter.sinceMs ?? -Infinity,
      untilMs: filter.untilMs ?? Infinity,
    })) {
      const event = this.#events[position];
      if (event === undefined) continue;
      if (event.reported !== undefined) {
        const told = reportedUse(event, secret, lives);
        if (told === "refused") count(event, 2);
        else if (told === "read" && event.verb === "watch") countWatch(event);
        else if (told === "read") count(event, 0);
        continue;
      }
      for (const { namespace, name, metadataOnly } of disclosuresOf(event)) {
        if (namespace !== secret.namespace || name !== secret.name) continue;
        for (const reader of this.#readersOf(event)) count(reader, metadataOnly ? 1 : 0);
      }
      const { resource, namespace = "", name = "" } = event.objectRef ?? {};
      const isOfScope = name === "" && (namespace === "" || namespace === secret.namespace);
      const isOfIt = isOfScope || (name === secret.name && namespace === secret.namespace);
      if (resource === "secrets" && isOfIt && event.responseStatus?.code === 403) count(event, 2);
    }
    for (const [reader, { begun, ended }] of Object.entries(watches)) counts[reader]![0]! += Math.max(begun, ended);
    return counts;
  }

  /** Who is said to have to do with a secret. */
  #of(event: AuditEvent, { namespace, name }: SecretPlace): AuditEvent[] {
    if (disclosuresOf(event).some((one) => one.namespace === namespace && one.name === name))
      return this.#readersOf(event);
    const { objectRef } = event;
    const isNamed = objectRef?.resource === "secrets" && objectRef.namespace === namespace && objectRef.name === name;
    return isNamed ? [event] : [];
  }

  /** The events that say who received what an event discloses; alike ones once. */
  #readersOf(event: AuditEvent): AuditEvent[] {
    if (event.streams === undefined) return [event];
    const beginnings = event.streams.map(
      (id) => this.#events.find(({ streamID, stage }) => streamID === id && stage === "ResponseStarted") ?? event,
    );
    const alike = ({ user, impersonatedUser, verb, door, sourceIPs, userAgent }: AuditEvent) =>
      JSON.stringify([user, impersonatedUser, verb, door, sourceIPs.at(-1), userAgent]);
    return [...new Map(beginnings.map((each) => [alike(each), each])).values()];
  }
}

export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
}

interface ReadersAsked extends EntryFilter {
  readonly secret: SecretPlace;
  readonly lives?: readonly Life[];
}

/** The same name is somebody else in a cluster. */
export function readerName(user: string, cluster: string): string {
  return cluster === "" ? user : `${user} in ${cluster}`;
}

function readerOf({ impersonatedUser, user, reported }: AuditEvent): string {
  return readerName((impersonatedUser ?? user).username, reported?.cluster ?? "");
}

/** What an event that a cluster reports says of a secret. */
function reportedUse(
  { verb, objectRef, responseStatus, reported, requestURI, stageTimestamp }: AuditEvent,
  secret: SecretPlace,
  lives: readonly Life[] | undefined,
): "read" | "refused" | undefined {
  const { namespace = "", name = "" } = objectRef ?? {};
  const isNamed = name === secret.name && namespace === secret.namespace;
  const isWithin =
    namespace === "" ? secret.namespace.startsWith(reported?.namespacePrefix ?? "") : namespace === secret.namespace;
  const timeMs = Date.parse(stageTimestamp);
  const wasThere = lives?.some(({ fromMs, toMs }) => timeMs >= fromMs && timeMs < toMs) ?? true;
  if (!isNamed && !(name === "" && isWithin && wasThere)) return undefined;
  if (responseStatus?.code === 403) return "refused";
  const isRead = verb === "delete" ? requestURI.endsWith("Foreground") : verb !== "update";
  return isRead ? "read" : undefined;
}

function holds({ user, verb, door, decision }: EntryFilter, event: AuditEvent): boolean {
  return (
    (user === undefined || user === event.user.username || user === event.impersonatedUser?.username) &&
    (verb === undefined || verb === event.verb) &&
    (door === undefined || door === event.door) &&
    (decision === undefined || decision === (event.annotations?.["authorization.k8s.io/decision"] ?? ""))
  );
}
