import { StrongroomError } from "../../errors/strongroom-error.ts";
import { revisionZero } from "../revision.ts";
import type { StoredRecord } from "../store.ts";
import type { Head, LogEntry, Place } from "./tables.ts";

const noBytes = new Uint8Array(0);

/** The record of a live key. Raises `corrupt` when the engine has no value for it. */
export function storedRecord(key: string, head: Head, value: Uint8Array | undefined): StoredRecord {
  if (!value) throw new StrongroomError("corrupt", "every record must have a value in the store");
  return {
    key,
    value,
    sizeBytes: head.sizeBytes,
    createRevision: head.createRevision,
    modRevision: head.place.revision,
    version: head.version,
    ttlLease: head.ttlLease,
    stale: false,
  };
}

/** As {@link storedRecord}, without the value: for keys-only ranges. */
export function recordWithoutValue(key: string, head: Head): StoredRecord {
  return storedRecord(key, head, noBytes);
}

/** The record of a delete event. */
export function deletedRecord(key: string, place: Place): StoredRecord {
  return {
    key,
    value: noBytes,
    sizeBytes: 0,
    createRevision: revisionZero,
    modRevision: place.revision,
    version: 0,
    ttlLease: undefined,
    stale: false,
  };
}

/** What a put's log entry says of the key's state. */
export function headOf(place: Place, entry: LogEntry): Head {
  const { createRevision, version, ttlLease, sizeBytes } = entry;
  return { place, createRevision, version, ttlLease, sizeBytes };
}
