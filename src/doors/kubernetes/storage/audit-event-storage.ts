/**
 * The audit log as objects, made when they are read. The revision of an entry is its position plus one, so that a watch from the
 * resourceVersion of a list goes on where the list ends.
 */
import type { AuditRecords } from "../../../audit/index/audit-records.ts";
import { readEntries } from "../../../audit/index/find-entries.ts";
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import { toRevision } from "../../../store/revision.ts";
import type { Revision } from "../../../store/revision.ts";
import { entryObject, nameOf, positionOf } from "./audit-event-object.ts";
import { AuditEventWatcher } from "./audit-event-watcher.ts";
import { entryFilterOf } from "./entry-question.ts";
import type { KindStorage, ObjectPage, ObjectPosition, StoredObject } from "./kind-storage.ts";
import { readOnlyStorage } from "./read-only-storage.ts";

const prefix = "/registry/strongroom.dev/auditevents/";
/** A page ends early beyond so many bytes: one entry may name ten thousand secrets. */
const pageBytesMax = 4 * 1024 * 1024;

/** The storage of `auditevents`. */
export function auditEventStorage(records: AuditRecords): KindStorage {
  return {
    ...readOnlyStorage({ prefix: () => prefix, currentRevision: async () => toRevision(records.end) }),
    async get(_namespace, name) {
      const position = positionOf(name);
      if (position === undefined || position >= records.end) return undefined;
      for await (const entry of records.entries(position, position + 1)) return entryObject(entry);
      return undefined;
    },
    list: (position) => page(records, position),
    watch: (_namespace, from, name, selected = {}) => {
      const only = name === undefined ? undefined : (positionOf(name) ?? -1);
      const filter = entryFilterOf(selected);
      return new AuditEventWatcher(records, { filter, from: from === undefined ? records.end : from - 1, only });
    },
  };
}

async function page(records: AuditRecords, asked: ObjectPosition): Promise<ObjectPage> {
  const { after, name, limit, revision, selected = {} } = asked;
  const filter = entryFilterOf(selected);
  const to = await boundOf(records, revision);
  const only = name === undefined ? undefined : (positionOf(name) ?? to);
  const from = only ?? (after === undefined ? 0 : (positionOf(after.slice(prefix.length)) ?? -1) + 1);
  const range = { from, to: only === undefined ? to : Math.min(to, only + 1), limit };
  const { positions, next } = await records.find(filter, range);
  const objects: StoredObject[] = [];
  let bytes = 0;
  for await (const entry of readEntries(records, positions)) {
    const object = entryObject(entry);
    objects.push(object);
    bytes += object.sizeBytes;
    if (bytes > pageBytesMax) break;
  }
  const last = objects.at(-1);
  const isWhole = bytes <= pageBytesMax || last?.name === nameOf(positions.at(-1) ?? -1);
  const reached = isWhole ? next : (positionOf(last?.name ?? "") ?? 0) + 1;
  return {
    objects,
    revision: toRevision(to),
    continueAfter: reached >= range.to ? undefined : prefix + nameOf(reached - 1),
  };
}

/** Before which entry a list ends: where it began to, or as far as the index is. */
async function boundOf(records: AuditRecords, revision: Revision | undefined): Promise<number> {
  const reach = await records.reach();
  if (revision === undefined) return reach;
  if (revision > reach) {
    throw new StrongroomError(
      "unavailable",
      `the index of the audit log must have reached entry ${revision}; it is at ${reach}`,
    );
  }
  return revision;
}
