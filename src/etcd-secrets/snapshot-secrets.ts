import { formText, StoredForms } from "../encryption-audit/stored-form.ts";
import { isStrongroomError, StrongroomError } from "../errors/strongroom-error.ts";
import type { EtcdSnapshot, StoredRevision } from "../etcd-snapshot/etcd-snapshot.ts";
import type { ClusterKeys } from "./cluster-keys.ts";
import { decodeStoredSecret } from "./stored-secret.ts";
import type { StoredSecret } from "./stored-secret.ts";

/** What is kept where a secret is, and is none that can be read. */
export interface UnreadableSecret {
  /** `NAMESPACE/NAME`, or whatever stands in its place. */
  readonly place: string;
  /** Why, without any part of it. */
  readonly why: string;
}

export type SnapshotSecret = { readonly secret: StoredSecret } | { readonly unreadable: UnreadableSecret };

/** What a snapshot has below a prefix. */
export interface KeysBelow {
  readonly secrets: number;
  /** Of other resources. */
  readonly others: number;
  /** A key that does not begin with the prefix, if there is one. */
  readonly elsewhere: string | undefined;
}

/**
 * Reads the whole file and counts, so that nothing of one that is damaged at its end is used. `prefix` is that of the kube-apiserver:
 * `/registry`. To be called on a snapshot of its own. Raises `invalid`.
 */
export function countKeysBelow(snapshot: EtcdSnapshot, prefix: string): KeysBelow {
  const [all, ours] = [Buffer.from(`${prefix}/`), Buffer.from(`${prefix}/secrets/`)];
  let [secrets, others] = [0, 0];
  let elsewhere: string | undefined;
  for (const { key } of snapshot.current()) {
    if (begins(key, ours)) secrets++;
    else if (begins(key, all)) others++;
    else elsewhere ??= key.toString("utf8", 0, 100);
  }
  return { secrets, others, elsewhere };
}

/**
 * The secrets that are there now, the one that was written last first. What cannot be decrypted, is damaged, or is not the secret that its key says is
 * told as such, and the others follow. Raises `invalid` for the file as a whole.
 */
export async function* snapshotSecrets(
  snapshot: EtcdSnapshot,
  prefix: string,
  keys: ClusterKeys,
): AsyncGenerator<SnapshotSecret> {
  const start = Buffer.from(`${prefix}/secrets/`);
  const forms = new StoredForms();
  for (const revision of snapshot.current()) {
    if (begins(revision.key, start)) yield await read(revision, start.length, keys, forms);
  }
}

async function read(
  { key, value }: StoredRevision,
  placeStart: number,
  keys: ClusterKeys,
  forms: StoredForms,
): Promise<SnapshotSecret> {
  const place = key.toString("utf8", placeStart);
  const unreadable = (why: string) => ({ unreadable: { place, why } });
  const form = formText(forms.of(value));
  if (!keys.isFor(value)) return unreadable(`it is ${under(form)}, which the configuration has no provider for`);
  let plaintext: Uint8Array;
  try {
    plaintext = await keys.open(key.toString("utf8"), value);
  } catch (error) {
    return unreadable(`it is ${under(form)}: ${reasonOf(error)}`);
  }
  const secret = decodeStoredSecret(plaintext);
  if (secret === undefined) return unreadable(`it is ${under(form)}, and must be a Secret in protobuf or JSON`);
  if (`${secret.namespace}/${secret.name}` !== place) return unreadable("it must be the secret that its key names");
  return { secret };
}

function under(form: string): string {
  return form.startsWith("in the clear") ? form : `under ${form}`;
}

function reasonOf(error: unknown): string {
  if (!isStrongroomError(error)) throw error;
  if (error.code !== "corrupt") return error.message;
  return "it must be authentic for its place and the key of that name in the configuration";
}

function begins(key: Buffer, start: Buffer): boolean {
  return key.length >= start.length && key.compare(start, 0, start.length, 0, start.length) === 0;
}

/** The prefix as keys have it. Raises `invalid`. */
export function registryPrefix(written: string): string {
  const prefix = `/${written.replace(/^\/+|\/+$/g, "")}`;
  if (prefix === "/") throw new StrongroomError("invalid", "the prefix must be a path such as /registry");
  return prefix;
}
