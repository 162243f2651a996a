/** Secrets complete with their payloads, one by one and in pages. */
import { isStrongroomError, StrongroomError } from "../../errors/strongroom-error.ts";
import type { Revision } from "../../store/revision.ts";
import type { Store, StoredRecord } from "../../store/store.ts";
import { objectPageBytesMax, rangeOfObjects, readable } from "../object-range.ts";
import type { ObjectRange, TellUnreadable } from "../object-range.ts";
import { objectPrefix, payloadKey } from "../registry-keys.ts";
import { decodeCurrentRecord, decodePayloadBytes } from "./canonical-secret.ts";
import type { Secret } from "./canonical-secret.ts";

const resource = "secrets";

/** Payload bytes fetched and decrypted between two turns of the event loop in a list. */
const listStepBytes = 512 * 1024;
const listStepRecords = 128;

export interface SecretPage {
  readonly secrets: readonly Secret[];
  /** Revision of the snapshot; pass it on to read further pages of the same one. */
  readonly revision: Revision;
  /** Key of the last record, to continue after, when more follow. */
  readonly continueAfter: string | undefined;
}

export class SecretReader {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * A page of secrets in key order, consistent at one revision; it may hold fewer
   * than `limit` although more follow. Raises `compacted`, `future-revision`.
   */
  async list(position: ObjectRange): Promise<SecretPage> {
    const { records, revision, continueAfter } = await rangeOfObjects(this.#store, resource, position);
    const secrets: Secret[] = [];
    let [bytes, read] = [0, 0];
    for (const step of steps(records)) {
      if (bytes > objectPageBytesMax) break;
      if (read > 0) await nextTurn();
      const complete = await this.#materialiseStep(step, revision, position.unreadable);
      for (const secret of complete) bytes += secret.payload.bytes.length;
      secrets.push(...complete);
      read += step.length;
    }
    return { secrets, revision, continueAfter: read < records.length ? records[read - 1]?.key : continueAfter };
  }

  /** As {@link list}, of those whose type keeps no versions: tokens and releases. The values of others are not read. */
  async listUnversioned(position: ObjectRange): Promise<SecretPage> {
    const { records, revision, continueAfter } = await rangeOfObjects(this.#store, resource, position);
    const secrets = records.flatMap((record) => {
      const parts = decodeCurrentRecord(record.key, record.value);
      return parts.book.promotion === undefined ? [assemble(record, parts, parts.inlinePayload)] : [];
    });
    return { secrets, revision, continueAfter };
  }

  /**
   * Completes a current record with its payload. Raises `corrupt` when the payload is missing. `revision` is one at
   * which the record was current; the newest such is retained the longest.
   */
  async materialise(record: StoredRecord, revision: Revision = record.modRevision): Promise<Secret> {
    const parts = decodeCurrentRecord(record.key, record.value);
    if (parts.book.promotion === undefined) return assemble(record, parts, parts.inlinePayload);
    const key = payloadKey(parts.book, parts.book.promotion.payload);
    // A payload never changes, so the newest state of its key is right for any revision; only when it was purged
    // since does the past have to be asked.
    const payload = (await this.#store.get(key)) ?? (await this.#store.get(key, { revision }));
    if (payload === undefined) throw new StrongroomError("corrupt", `payload ${key} must exist`);
    return assemble(record, parts, decodePayloadBytes(key, payload.value));
  }

  async #materialiseStep(
    records: readonly StoredRecord[],
    revision: Revision,
    unreadable: TellUnreadable | undefined,
  ): Promise<readonly Secret[]> {
    try {
      return await this.#materialiseAll(records, revision);
    } catch (error) {
      if (unreadable === undefined || !isStrongroomError(error, "corrupt")) throw error;
    }
    const secrets: Secret[] = [];
    for (const record of records) {
      const tell = (error: StrongroomError) => unreadable(record.key, error);
      const secret = await readable(() => this.materialise(record, revision), tell);
      if (secret !== undefined) secrets.push(secret);
    }
    return secrets;
  }

  async #materialiseAll(records: readonly StoredRecord[], revision: Revision): Promise<Secret[]> {
    const parsed = records.map((record) => ({ record, parts: decodeCurrentRecord(record.key, record.value) }));
    const keys = parsed.flatMap(({ parts }) =>
      parts.book.promotion === undefined ? [] : [payloadKey(parts.book, parts.book.promotion.payload)],
    );
    const payloads = await this.#store.getMany(keys, { revision });
    let next = 0;
    return parsed.map(({ record, parts }) => {
      if (parts.book.promotion === undefined) return assemble(record, parts, parts.inlinePayload);
      const payload = payloads[next];
      const key = keys[next++] ?? record.key;
      if (payload === undefined) throw new StrongroomError("corrupt", `payload ${key} must exist`);
      return assemble(record, parts, decodePayloadBytes(key, payload.value));
    });
  }
}

function assemble(record: StoredRecord, parts: ReturnType<typeof decodeCurrentRecord>, payload: Buffer): Secret {
  const [namespace = "", name = ""] = record.key.slice(objectPrefix(resource, "").length).split("/");
  return {
    namespace,
    name,
    revision: record.modRevision,
    createRevision: record.createRevision,
    version: record.version,
    book: parts.book,
    metadata: parts.metadata,
    rest: parts.rest,
    payload: { form: parts.book.form, bytes: payload },
  };
}

/** Cuts a page into steps that are decrypted between two turns of the event loop. */
function* steps(records: readonly StoredRecord[]): Generator<readonly StoredRecord[]> {
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < records.length; index++) {
    const record = records[index];
    if (record === undefined) continue;
    bytes += decodeCurrentRecord(record.key, record.value).book.payloadBytes;
    if (bytes < listStepBytes && index - start + 1 < listStepRecords) continue;
    yield records.slice(start, index + 1);
    start = index + 1;
    bytes = 0;
  }
  if (start < records.length) yield records.slice(start);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
