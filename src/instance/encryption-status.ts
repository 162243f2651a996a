/** How things stand: what is under which key, in records, in history and in what the files of the store have left behind. */
import { keyIdDigest } from "../crypto/kms-v2/key-id-of-record.ts";
import { encryptedPrefix } from "../crypto/providers/provider-prefix.ts";
import { formOfPrefix, identityForm } from "../crypto/stored-form.ts";
import type { PrefixedTransformer } from "../crypto/transformer-chain.ts";
import type { StoreFiles } from "../store/embedded/embedded-engine.ts";
import type { RevisionTimes } from "../store/mvcc/revision-time.ts";
import { toRevision } from "../store/revision.ts";
import type { EncryptionAtRest } from "./encryption-at-rest.ts";
import { takeCensus } from "./encryption-census.ts";
import type { CountedEngine, FormCount } from "./encryption-census.ts";
import type { NotedKey } from "./encryption-keys.ts";

/** An engine whose records, history and files are looked at; one in memory has no files. */
export type ExaminedEngine = CountedEngine & RevisionTimes & Partial<StoreFiles>;

/** What a form is to the configuration that is in force. */
export type KeyState = "writes" | "reads" | "missing";

/** The records of a resource in one form. */
export interface ResourceForm extends FormCount {
  /** `writes`: what this resource is written in now. */
  readonly state: KeyState;
  /** When the oldest current record was written: in that second, or at a time before, which is no longer known. */
  readonly oldestWrite?: { readonly relation: "at" | "before"; readonly time: string } | undefined;
}

/** A key over all resources. */
export interface KeyStatus {
  readonly form: string;
  /** As in {@link FormCount}. */
  readonly keyId?: string | undefined;
  readonly state: KeyState;
  readonly records: number;
  readonly bytes: number;
  readonly superseded: number;
  /** It writes nothing, and no record or revision needs it: it may leave the configuration. */
  readonly removable: boolean;
  /** Copies of records in free space of the files; undefined where that cannot be told, or the key writes. */
  readonly leftBehind?: number | undefined;
  /**
   * What `leftBehind` goes by. `searched`: whole beginnings of records were looked for, so that pieces of one may be left.
   * `written-anew`: the file was written after the last use of the key, with nothing under it.
   */
  readonly freeSpace?: "searched" | "written-anew" | undefined;
}

export interface FilesStatus {
  readonly bytes: number;
  /** When the data file was last written anew. */
  readonly writtenAnew?: { readonly time: string; readonly revision: number } | undefined;
}

/** What is counted. */
export interface Examination {
  /** The store's, when it began. */
  readonly revision: number;
  readonly resources: readonly ResourceForm[];
  readonly keys: readonly KeyStatus[];
  readonly files: FilesStatus;
}

export interface ExaminationOptions {
  readonly encryption: EncryptionAtRest;
  readonly engine: ExaminedEngine;
  readonly currentRevision: () => Promise<number>;
  readonly resourceOf: (key: string) => string;
  readonly noted: readonly NotedKey[];
}

/** Counts everything: records first, then history, then the bytes of the files, so that what moves meanwhile is not missed. */
export async function examineEncryption(options: ExaminationOptions): Promise<Examination> {
  const { encryption, engine, noted } = options;
  const revision = await options.currentRevision();
  const writers = writersOf(encryption);
  const configured = new Set([writers.own.form, ...encryption.encryption.keys.map(({ form }) => form)]);
  const known = [...configured, ...noted.map(({ form }) => form)];
  const counts = await takeCensus(engine, options.resourceOf, known);
  const forms = Array.from(new Set([...known, ...counts.map(({ form }) => form)]));
  const space = await searchFreeSpace(engine, forms);
  const stateOf = (form: string, writes: boolean): KeyState =>
    writes ? "writes" : configured.has(form) ? "reads" : "missing";
  const resources = counts.map((count) => ({
    ...count,
    state: stateOf(count.form, writes(writers.of(count.resource), count)),
    oldestWrite: count.records === 0 ? undefined : timeOf(engine, count.oldestRevision),
  }));
  const keys = keysOf(forms, counts).map((key) => {
    const isWriter = writers.all.some((writer) => writes(writer, key));
    return keyStatus(key, stateOf(key.form, isWriter), counts, (live) =>
      leftInFreeSpace(key.form, live, space, isWrittenAnew(engine, key.form, noted)),
    );
  });
  return { revision, resources, keys, files: filesStatus(engine, space.fileBytes) };
}

/** What writes, and under which key of a plugin. */
interface Writer {
  readonly form: string;
  readonly keyId: string | undefined;
}

function writerOf({ prefix, writeKeyId }: PrefixedTransformer): Writer {
  return { form: formOfPrefix(prefix), keyId: writeKeyId === undefined ? undefined : keyIdDigest(writeKeyId) };
}

function writersOf({ encryption, own }: EncryptionAtRest) {
  const ownWriter = writerOf(own);
  const rules = new Map(
    encryption.resources.map(({ resource, keys: [writer] }) => [
      resource,
      writer === undefined ? ownWriter : writerOf(writer.transformer),
    ]),
  );
  return {
    own: ownWriter,
    all: [ownWriter, ...rules.values()],
    of: (resource: string) => rules.get(resource) ?? ownWriter,
  };
}

/** A plugin that is away has no key at present; its records are then taken for those of the one that it last had. */
function writes(writer: Writer, { form, keyId }: { readonly form: string; readonly keyId?: string | undefined }) {
  return form === writer.form && (keyId === undefined || writer.keyId === undefined || keyId === writer.keyId);
}

/** Each form, and each key of a plugin that records are under. */
function keysOf(forms: readonly string[], counts: readonly FormCount[]): Pick<KeyStatus, "form" | "keyId">[] {
  return forms.flatMap((form) => {
    const ids = new Set(counts.filter((count) => count.form === form).map(({ keyId }) => keyId));
    return ids.size === 0 ? [{ form, keyId: undefined }] : Array.from(ids, (keyId) => ({ form, keyId }));
  });
}

function keyStatus(
  { form, keyId }: Pick<KeyStatus, "form" | "keyId">,
  state: KeyState,
  counts: readonly FormCount[],
  free: (live: number) => Pick<KeyStatus, "leftBehind" | "freeSpace">,
): KeyStatus {
  const own = counts.filter((count) => count.form === form && count.keyId === keyId);
  const sum = (field: "records" | "bytes" | "superseded") => own.reduce((total, count) => total + count[field], 0);
  const [records, superseded] = [sum("records"), sum("superseded")];
  const removable = state !== "writes" && records === 0 && superseded === 0;
  // Of the keys of one plugin, the beginning of a record does not say which it is under.
  const isTold = state !== "writes" && keyId === undefined;
  const left = isTold ? free(records + superseded) : {};
  return { form, keyId, state, records, bytes: sum("bytes"), superseded, removable, ...left };
}

/** What the files have of forms beside records. */
interface FreeSpace {
  readonly fileBytes: number;
  /** How often the beginning of a record under each form is in them. */
  readonly beginnings: ReadonlyMap<string, number>;
}

async function searchFreeSpace(engine: ExaminedEngine, forms: readonly string[]): Promise<FreeSpace> {
  if (engine.searchFiles === undefined) return { fileBytes: 0, beginnings: new Map() };
  const marked = forms.filter((form) => form !== identityForm);
  const marks = marked.map((form) => Buffer.from(`${encryptedPrefix}${form}:`));
  const { fileBytes, counts } = await engine.searchFiles(Buffer.from(encryptedPrefix), marks);
  return { fileBytes, beginnings: new Map(marked.map((form, index) => [form, counts[index] ?? 0])) };
}

/** `live` is how many of the beginnings are those of records. What is in the clear has no mark: only a new file says something of it. */
function leftInFreeSpace(
  form: string,
  live: number,
  { beginnings }: FreeSpace,
  isAnew: boolean,
): Pick<KeyStatus, "leftBehind" | "freeSpace"> {
  if (form === identityForm && !isAnew) return {};
  const leftBehind = Math.max(0, (beginnings.get(form) ?? 0) - live);
  return { leftBehind, freeSpace: isAnew ? "written-anew" : "searched" };
}

/** Whether nothing under a form can be in the file but records that were put there since, by whoever did not know of the notes. */
function isWrittenAnew(engine: ExaminedEngine, form: string, noted: readonly NotedKey[]): boolean {
  if (engine.fileNote === undefined) return true; // there is no file
  const note = engine.fileNote();
  const ends = noted.filter((key) => key.form === form).map(({ until }) => until);
  if (note === undefined || ends.length === 0) return false;
  // Whoever wrote the file did not know the configuration, so a name with colons was cut at the third.
  const wasThere = Object.keys(note.kinds).some((kind) => form === kind || form.startsWith(`${kind}:`));
  return !wasThere && ends.every((until) => until !== undefined && until <= note.revision);
}

function filesStatus(engine: ExaminedEngine, bytes: number): FilesStatus {
  const note = engine.fileNote?.();
  return { bytes, writtenAnew: note && { time: note.writtenAt, revision: note.revision } };
}

function timeOf(engine: ExaminedEngine, revision: number): ResourceForm["oldestWrite"] {
  const found = engine.revisionTime(toRevision(revision));
  return found && { relation: found.relation, time: new Date(found.timeMs).toISOString() };
}
