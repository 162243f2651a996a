/**
 * Keeps what links make the same as what they share (docs/adr/0034).
 *
 * Invariants: a secret that no link made is never changed, whatever its name; what a link made goes with the link, and with its source;
 * what is linked is no source.
 */
import { toApiError } from "../../api-error.ts";
import { ApiError } from "../../api-error.ts";
import { equalJson, jsonObject } from "../../codec/json.ts";
import type { JsonObject } from "../../codec/json.ts";
import { secretKind } from "../../kinds/secret.ts";
import { secretLinkKind, sourceOf } from "../../kinds/secret-link.ts";
import type { LinkPhase } from "../../kinds/secret-link.ts";
import { ownMetadata } from "../../kinds/system-fields.ts";
import { LoopShare } from "../../loop-share.ts";
import { isTerminating } from "../../storage/object-fields.ts";
import type { KindStorage, StoredObject } from "../../storage/kind-storage.ts";
import { objectField, stringField } from "../../validation/object-fields.ts";
import type { SystemClient } from "../system-client.ts";
import { backgroundDeletion } from "../token-secrets/background-deletion.ts";
import { WorkQueue } from "../work-queue.ts";
import type { Timers } from "../work-queue.ts";
import { LinkFollower } from "./follow-links.ts";
import type { LinkPlace } from "./follow-links.ts";
import { isSame, linkedTree, setLinked, whyNotShared } from "./linked-secret.ts";

/** The name of the service account that says in links what has come of them. */
export const secretLinkControllerName = "secret-link-controller";

export interface SecretLinksOptions {
  readonly links: KindStorage;
  readonly secrets: KindStorage;
  /** Writes what a link makes, as that link. */
  readonly clientOf: (link: LinkPlace) => SystemClient;
  /** Writes into links what has come of them. */
  readonly client: SystemClient;
  readonly timers: Timers;
  /** Something failed and will be tried again; `link` is NAMESPACE/NAME ("" for the whole). */
  readonly onError: (error: unknown, link: string) => void;
}

const queuedMax = 10_000;
/** So many links of one source are written together, and share a sync of the disk. */
const linksAtOnce = 8;
/** What failed as a whole begins anew after this. */
const restartDelayMs = 2000;
const racesMax = 5;

/** Runs until `signal` aborts; resolves then. */
export async function keepLinks(options: SecretLinksOptions, signal: AbortSignal): Promise<void> {
  const { links, secrets, timers, onError } = options;
  while (!signal.aborted) {
    const queue = new WorkQueue<LinkPlace>({ timers, itemsMax: queuedMax, merge: (waiting) => waiting });
    const close = () => queue.close();
    signal.addEventListener("abort", close);
    const workers = Array.from({ length: linksAtOnce }, () => workOff(options, queue, signal));
    const unreadable = (key: string, error: unknown) => onError(error, key);
    try {
      await new LinkFollower({ links, secrets, queue, unreadable }).run(signal);
    } catch (error) {
      if (!signal.aborted) onError(error, "");
    } finally {
      signal.removeEventListener("abort", close);
      queue.close();
      await Promise.all(workers);
    }
    if (!signal.aborted) await delay(timers, signal);
  }
}

async function workOff(options: SecretLinksOptions, queue: WorkQueue<LinkPlace>, signal: AbortSignal): Promise<void> {
  const share = new LoopShare(8);
  for (let item = await queue.take(); item !== undefined; item = await queue.take()) {
    try {
      await share.step();
      const phase = await settleAfterRaces(options, item.work);
      // A quota may have room later, a policy change.
      if (phase === "Refused") queue.retry(item.key, item.work);
      else queue.done(item.key);
    } catch (error) {
      if (!signal.aborted) options.onError(error, item.key);
      queue.retry(item.key, item.work);
    }
  }
}

/** As {@link settle}, again after somebody else was first. */
async function settleAfterRaces(options: SecretLinksOptions, place: LinkPlace): Promise<LinkPhase | undefined> {
  for (let races = 1; ; races++) {
    try {
      return await settle(options, place);
    } catch (error) {
      const isLostRace = error instanceof ApiError && ["Conflict", "AlreadyExists", "NotFound"].includes(error.reason);
      if (!isLostRace || races >= racesMax) throw error;
    }
  }
}

/** Makes one link's secret what it should be, and says so in the link. */
async function settle(options: SecretLinksOptions, { namespace, name }: LinkPlace): Promise<LinkPhase | undefined> {
  const { links, secrets } = options;
  const link = await links.get(namespace, name);
  const there = await secrets.get(namespace, name);
  const copy = there?.linkedFrom === undefined ? undefined : there;
  if (link === undefined || isTerminating(link.header())) {
    if (copy !== undefined) await remove(options, copy);
    return undefined;
  }
  if (there !== undefined && copy === undefined) {
    return tell(options, link, "Taken", `there is a secret ${name} that this link did not make`);
  }
  const source = await sourceFor(options, link);
  if (typeof source === "string" || source === undefined) {
    if (copy !== undefined) await remove(options, copy);
    return source === undefined ? tell(options, link, "Waiting", "") : tell(options, link, "Refused", source);
  }
  try {
    await write(options, { link, source, copy });
  } catch (error) {
    const { code, message } = toApiError(error);
    if (code !== 403 && code !== 422) throw error;
    return tell(options, link, "Refused", message);
  }
  return tell(options, link, "Linked", "");
}

/** The secret that is shared; undefined where there is none, and why where it is none that can be. */
async function sourceFor(
  { secrets }: SecretLinksOptions,
  link: StoredObject,
): Promise<StoredObject | string | undefined> {
  const { namespace, name } = sourceOf(link.header());
  const source = await secrets.get(namespace, name);
  return source === undefined ? undefined : (whyNotShared(source) ?? source);
}

interface Linked {
  readonly link: StoredObject;
  readonly source: StoredObject;
  readonly copy: StoredObject | undefined;
}

async function write(options: SecretLinksOptions, { link, source, copy }: Linked): Promise<void> {
  const client = options.clientOf(link);
  if (copy !== undefined && stringField(copy.header(), "type") === stringField(source.header(), "type")) {
    if (isSame(copy, link, source)) return;
    await client.change(secretKind, { namespace: link.namespace, name: link.name }, (previous) => {
      // Another one than was looked at loses as a race does.
      const tree = previous.tree();
      ownMetadata(tree)["uid"] = copy.metadata()["uid"] ?? "";
      ownMetadata(tree)["resourceVersion"] = String(copy.revision);
      setLinked(tree, link, source);
      return tree;
    });
    return;
  }
  // The type of a secret never changes: its source was made anew, and so is it.
  if (copy !== undefined) await remove(options, copy);
  await client.create(secretKind, link.namespace, linkedTree(link, source));
}

async function remove(options: SecretLinksOptions, copy: StoredObject): Promise<void> {
  const { namespace, name } = copy;
  const uid = stringField(copy.metadata(), "uid");
  try {
    // Whoever made it their own since the link went has written something that is not the link's to delete.
    const deletion = backgroundDeletion(uid, String(copy.revision));
    await options.clientOf(copy).delete(secretKind, { namespace, name }, deletion);
  } catch (error) {
    const isGone = error instanceof ApiError && error.reason === "NotFound";
    if (!isGone) throw error;
  }
}

async function tell(
  { client }: SecretLinksOptions,
  link: StoredObject,
  phase: LinkPhase,
  message: string,
): Promise<LinkPhase> {
  const status: JsonObject = jsonObject([["phase", phase], ...(message === "" ? [] : [["message", message] as const])]);
  if (equalJson(status, { ...objectField(link.header(), "status") } as JsonObject)) return phase;
  const { namespace, name } = link;
  try {
    await client.changeSubresource(secretLinkKind, { namespace, name, subresource: "status" }, (previous) => {
      const next = previous.tree();
      next["status"] = status;
      delete ownMetadata(next)["resourceVersion"];
      return next;
    });
  } catch (error) {
    const isGone = error instanceof ApiError && error.reason === "NotFound";
    if (!isGone) throw error;
  }
  return phase;
}

function delay(timers: Timers, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = timers.after(restartDelayMs, end);
    signal.addEventListener("abort", end);
  });
}
