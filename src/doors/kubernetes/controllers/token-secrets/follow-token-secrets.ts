/**
 * Tells of the secrets that hold tokens: of those there are, and of every change.
 *
 * A start passes over all secrets once, in pages and beside requests; afterwards only changes are looked at. What is
 * kept in memory is what the controllers keep of secrets of their types.
 */
import { bootstrapSecretType } from "../../../../identity/tokens/bootstrap-tokens.ts";
import type { TellUnreadable } from "../../../../core/object-range.ts";
import { toRevision } from "../../../../store/revision.ts";
import type { KindStorage, StoredObject } from "../../storage/kind-storage.ts";
import { stringField } from "../../validation/object-fields.ts";
import { secretTypes } from "../../validation/secret.ts";
import { LoopShare } from "../../loop-share.ts";

/** Told of a secret; `object` is undefined when it is gone. */
export type TellSecret = (secret: { readonly object: StoredObject | undefined; readonly place: SecretPlace }) => void;

export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
}

const types: ReadonlySet<string> = new Set([secretTypes.serviceAccountToken, bootstrapSecretType]);
const pageRecords = 100;

export interface TokenSecretsListener {
  readonly tell: TellSecret;
  /** Told of a secret that cannot be read: the others count all the same. */
  readonly unreadable: TellUnreadable;
}

/** Runs until `signal` aborts or something fails. A secret may be told of more than once. */
export async function followTokenSecrets(
  secrets: KindStorage,
  { tell, unreadable }: TokenSecretsListener,
  signal: AbortSignal,
): Promise<void> {
  const from = toRevision((await secrets.currentRevision()) + 1);
  await using watcher = secrets.watchUnversioned?.(from) ?? secrets.watch("", from);
  const close = () => watcher.close();
  signal.addEventListener("abort", close);
  try {
    if (signal.aborted) return;
    await tellAll(secrets, { tell, unreadable }, signal);
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const event of batch.events) {
        const object = event.object ?? (await event.previous());
        if (object === undefined || !holdsToken(object)) continue;
        const { namespace, name } = object;
        tell({ object: event.object, place: { namespace, name } });
      }
    }
  } finally {
    signal.removeEventListener("abort", close);
  }
}

async function tellAll(
  secrets: KindStorage,
  { tell, unreadable }: TokenSecretsListener,
  signal: AbortSignal,
): Promise<void> {
  const share = new LoopShare(1);
  let after: string | undefined;
  const list = secrets.listUnversioned ?? secrets.list;
  do {
    await share.step();
    const page = await list({ namespace: "", after, limit: pageRecords, unreadable });
    for (const object of page.objects) {
      const { namespace, name } = object;
      if (holdsToken(object)) tell({ object, place: { namespace, name } });
    }
    after = page.continueAfter;
  } while (after !== undefined && !signal.aborted);
}

/** The type of a secret never changes. Accounts and tokens of a cluster are for its own controllers. */
function holdsToken(secret: StoredObject): boolean {
  return secret.cluster === undefined && types.has(stringField(secret.header(), "type"));
}
