/** The controllers of secrets that hold tokens, fed by one watch of secrets and one of accounts. */
import { bootstrapNamespace, bootstrapSecretType } from "../../../../identity/tokens/bootstrap-tokens.ts";
import { toRevision } from "../../../../store/revision.ts";
import { ApiError } from "../../api-error.ts";
import type { UsedSecret } from "../../authentication/open-authentication.ts";
import { secretKind } from "../../kinds/secret.ts";
import { serviceAccountKind } from "../../kinds/service-account.ts";
import type { StoredObject } from "../../storage/kind-storage.ts";
import { stringField } from "../../validation/object-fields.ts";
import { LoopShare } from "../../loop-share.ts";
import type { SystemClient } from "../system-client.ts";
import { WorkQueue } from "../work-queue.ts";
import type { Timers } from "../work-queue.ts";
import { accountOf, noteUse, settleSecret } from "./account-tokens.ts";
import type { AccountSecret, AccountTokensOptions } from "./account-tokens.ts";
import { backgroundDeletion } from "./background-deletion.ts";
import { BootstrapExpiries } from "./bootstrap-cleaner.ts";
import { followTokenSecrets } from "./follow-token-secrets.ts";
import type { SecretPlace } from "./follow-token-secrets.ts";

export interface TokenSecretsOptions extends AccountTokensOptions {
  /** Deletes expired bootstrap tokens. */
  readonly cleaner: SystemClient;
  readonly used: WorkQueue<UsedSecret>;
  readonly timers: Timers;
  readonly onError: (error: unknown, secret: string) => void;
}

const queuedMax = 10_000;
/** What failed as a whole begins anew after this. */
const restartDelayMs = 2000;

type Work = { readonly type: "account"; readonly secret: AccountSecret } | ExpiredToken;
type ExpiredToken = { readonly type: "expired"; readonly name: string; readonly uid: string };

/** Runs until `signal` aborts; resolves then. */
export async function keepTokenSecrets(options: TokenSecretsOptions, signal: AbortSignal): Promise<void> {
  const { timers } = options;
  const queue = new WorkQueue<Work>({ timers, itemsMax: queuedMax, merge: (_waiting, added) => added });
  signal.addEventListener("abort", () => {
    queue.close();
    options.used.close();
  });
  const workers = [workOff(options, queue, work, signal), workOff(options, options.used, noteUse, signal)];
  while (!signal.aborted) {
    const followed = new Followed(options, queue);
    try {
      await Promise.all([
        followTokenSecrets(
          options.storage(secretKind),
          { tell: (secret) => followed.tell(secret), unreadable: (key, error) => options.onError(error, key) },
          signal,
        ),
        followed.followAccounts(signal),
      ]);
    } catch (error) {
      if (!signal.aborted) options.onError(error, "");
      await delay(timers, signal);
    } finally {
      followed.close();
    }
  }
  await Promise.all(workers);
}

/** What is known of the secrets that hold tokens: by account, and when they expire. */
class Followed {
  readonly #options: TokenSecretsOptions;
  readonly #queue: WorkQueue<Work>;
  readonly #expiries: BootstrapExpiries;
  /** The secrets of each account, by namespace and name. */
  readonly #byAccount = new Map<string, Map<string, AccountSecret>>();
  readonly #byPlace = new Map<string, AccountSecret>();
  readonly #stop = new AbortController();

  constructor(options: TokenSecretsOptions, queue: WorkQueue<Work>) {
    this.#options = options;
    this.#queue = queue;
    this.#expiries = new BootstrapExpiries({
      timers: options.timers,
      nowMs: () => options.now().getTime(),
      expired: ({ name, uid }) => queue.add(`${bootstrapNamespace}/${name}`, { type: "expired", name, uid }),
    });
  }

  tell({ object, place }: { readonly object: StoredObject | undefined; readonly place: SecretPlace }): void {
    const known = this.#byPlace.get(placeKey(place));
    if (known !== undefined) this.#drop(known);
    if (object !== undefined && isAccountToken(object)) return this.#settle(this.#keep(object, accountOf(object)));
    if (known !== undefined) this.#settle(known);
    if (place.namespace === bootstrapNamespace) this.#expiries.set(place.name, object);
  }

  #keep({ namespace, name }: StoredObject, account: string): AccountSecret {
    const secret = { namespace, name, account };
    const key = placeKey({ namespace, name: account });
    this.#byAccount.set(key, (this.#byAccount.get(key) ?? new Map<string, AccountSecret>()).set(name, secret));
    this.#byPlace.set(placeKey(secret), secret);
    return secret;
  }

  #drop(secret: AccountSecret): void {
    this.#byPlace.delete(placeKey(secret));
    const key = placeKey({ namespace: secret.namespace, name: secret.account });
    const secrets = this.#byAccount.get(key);
    if (secrets?.delete(secret.name) && secrets.size === 0) this.#byAccount.delete(key);
  }

  #settle(secret: AccountSecret): void {
    this.#queue.add(placeKey(secret), { type: "account", secret });
  }

  /** The secrets of an account that is deleted, or made anew, are looked at. */
  async followAccounts(signal: AbortSignal): Promise<void> {
    const accounts = this.#options.storage(serviceAccountKind);
    await using watcher = accounts.watch("", toRevision((await accounts.currentRevision()) + 1));
    const close = () => watcher.close();
    const either = AbortSignal.any([signal, this.#stop.signal]);
    either.addEventListener("abort", close);
    if (either.aborted) return;
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const event of batch.events) {
        if (event.object !== undefined && event.existed) continue;
        const account = event.object ?? (await event.previous());
        if (account === undefined) continue;
        for (const secret of this.#byAccount.get(placeKey(account))?.values() ?? []) {
          this.#settle(secret);
        }
      }
    }
  }

  close(): void {
    this.#stop.abort();
    this.#expiries.close();
  }
}

function placeKey({ namespace, name }: SecretPlace): string {
  return `${namespace}/${name}`;
}

function isAccountToken(secret: StoredObject): boolean {
  return stringField(secret.header(), "type") !== bootstrapSecretType;
}

async function work(options: TokenSecretsOptions, item: Work): Promise<void> {
  if (item.type === "account") return settleSecret(options, item.secret);
  const { name, uid } = item;
  try {
    await options.cleaner.delete(secretKind, { namespace: bootstrapNamespace, name }, backgroundDeletion(uid));
  } catch (error) {
    // It is gone, or another one of that name.
    if (!(error instanceof ApiError) || (error.reason !== "NotFound" && error.reason !== "Conflict")) throw error;
  }
}

async function workOff<T>(
  options: TokenSecretsOptions,
  queue: WorkQueue<T>,
  step: (options: TokenSecretsOptions, item: T) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const share = new LoopShare(8);
  for (let item = await queue.take(); item !== undefined; item = await queue.take()) {
    try {
      await share.step();
      await step(options, item.work);
      queue.done(item.key);
    } catch (error) {
      if (!signal.aborted) options.onError(error, item.key);
      queue.retry(item.key, item.work);
    }
  }
}

function delay(timers: Timers, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = timers.after(restartDelayMs, resolve);
    signal.addEventListener("abort", () => {
      timer.cancel();
      resolve();
    });
  });
}
