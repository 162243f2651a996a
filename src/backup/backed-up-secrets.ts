/** Secrets out of a backup, one by one: their present values, as the API has them. */
import { decodeCurrentRecord, decodePayloadBytes } from "../core/secrets/canonical-secret.ts";
import { objectPrefix, payloadKey } from "../core/registry-keys.ts";
import { BackupError } from "./backup-error.ts";
import { readBackup } from "./read-backup.ts";
import type { ReadBackupOptions } from "./read-backup.ts";

/** A secret as it was. `data` has the standard base64 of each value. */
export interface BackedUpSecret {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly immutable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
}

/** Which: all of a namespace, or one. */
export interface WantedSecrets {
  readonly namespace: string;
  readonly name: string | undefined;
}

/**
 * The secrets that are wanted, after all of the backup has been authenticated; in memory, so of a namespace at most. Raises as reading
 * does, and `invalid` when there is none.
 */
export async function backedUpSecrets(options: ReadBackupOptions, wanted: WantedSecrets): Promise<BackedUpSecret[]> {
  const found: BackedUpSecret[] = [];
  /** By the key of the payload that is still to come: payloads are after all secrets. */
  const open = new Map<string, (bytes: Buffer) => BackedUpSecret>();
  const prefix = objectPrefix("secrets", wanted.namespace);
  for await (const item of readBackup(options)) {
    if (item.type !== "record") continue;
    const { key, value } = item.record;
    if (key.startsWith(prefix)) {
      const name = key.slice(prefix.length);
      if (wanted.name !== undefined && wanted.name !== name) continue;
      const { book, metadata, rest, inlinePayload } = decodeCurrentRecord(key, value);
      const whole = secretFrom(
        { ...wanted, name, type: book.type },
        { metadata: jsonOf(metadata), rest: jsonOf(rest) },
      );
      if (book.promotion === undefined) found.push(whole(inlinePayload));
      else open.set(payloadKey(book, book.promotion.payload), whole);
    } else {
      const whole = open.get(key);
      if (whole === undefined) continue;
      found.push(whole(decodePayloadBytes(key, value)));
      open.delete(key);
    }
  }
  if (open.size > 0) throw new BackupError("corrupt", "the backup must have the values of each of its secrets");
  if (found.length > 0) return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  const what =
    wanted.name === undefined ? `a secret in the namespace ${wanted.namespace}` : `${wanted.namespace}/${wanted.name}`;
  throw new BackupError("invalid", `the backup must have ${what}`);
}

function secretFrom(
  place: { readonly namespace: string; readonly name: string; readonly type: string },
  { metadata, rest }: { readonly metadata: Record<string, unknown>; readonly rest: Record<string, unknown> },
): (payload: Buffer) => BackedUpSecret {
  return (payload) => ({
    ...place,
    immutable: rest["immutable"] === true,
    labels: textsOf(metadata["labels"]),
    annotations: textsOf(metadata["annotations"]),
    data: textsOf(jsonOf(payload)),
  });
}

/** What the core stored as compact JSON of an object. */
function jsonOf(bytes: Buffer): Record<string, unknown> {
  return Object(JSON.parse(bytes.toString("utf8"))) as Record<string, unknown>;
}

function textsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(Object(value) as Record<string, unknown>);
  // Not by assignment: `__proto__` is a key that a secret may have.
  return Object.fromEntries(entries.map(([key, text]) => [key, String(text)]));
}
