/**
 * Events about secrets that lost versions for their bytes, which number and age would have kept: one Event for each secret, which counts, and is
 * written at most once a minute.
 */
import { createHash } from "node:crypto";
import { ApiError } from "../api-error.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { eventKind } from "../kinds/event.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { numberField } from "../validation/object-fields.ts";
import type { SystemClient } from "./system-client.ts";
import type { Timers } from "./work-queue.ts";

/** The name of the service account that this controller writes as. */
export const cutVersionsControllerName = "secret-version-controller";
export const cutVersionsReason = "VersionsCutShort";

/** A secret whose versions went. */
export interface CutSecret {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

interface Waiting {
  readonly secret: CutSecret;
  versions: number;
}

const pauseMs = 60_000;
/** Of more secrets at once nothing is told; none is a failure of its write. */
const secretsMax = 1000;

/** Takes notes from the start on, and tells of them once it {@link CutVersions.tell} how. */
export class CutVersions implements Disposable {
  readonly #timers: Timers;
  readonly #waiting = new Map<string, Waiting>();
  /** Told of in the last minute. */
  readonly #resting = new Map<string, { cancel(): void }>();
  #write: ((secret: CutSecret, versions: number) => Promise<void>) | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** So many versions of a secret went with a write. */
  readonly note = (secret: CutSecret, versions: number): void => {
    const key = `${secret.namespace}/${secret.name}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) waiting.versions += versions;
    else if (this.#waiting.size < secretsMax) this.#waiting.set(key, { secret, versions });
    this.#tellOf(key);
  };

  /** From here on Events are written, those that wait at once. */
  tell(client: SystemClient, now: () => Date, onError: (error: unknown, secret: string) => void): void {
    this.#write = (secret, versions) =>
      writeEvent(client, secret, versions, now()).catch((error: unknown) => {
        if (!isGone(error)) onError(error, `${secret.namespace}/${secret.name}`);
      });
    for (const key of Array.from(this.#waiting.keys())) this.#tellOf(key);
  }

  [Symbol.dispose](): void {
    this.#write = undefined;
    for (const timer of this.#resting.values()) timer.cancel();
  }

  #tellOf(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined || this.#write === undefined || this.#resting.has(key)) return;
    if (this.#resting.size >= secretsMax) return;
    this.#waiting.delete(key);
    const timer = this.#timers.after(pauseMs, () => {
      this.#resting.delete(key);
      this.#tellOf(key);
    });
    this.#resting.set(key, timer);
    void this.#write(waiting.secret, waiting.versions);
  }
}

/** Counts the Event of this secret up, or makes it; it goes by itself an hour after the last time. */
async function writeEvent(client: SystemClient, secret: CutSecret, versions: number, now: Date): Promise<void> {
  const { namespace } = secret;
  const name = eventName(secret);
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const message = messageOf(versions);
  try {
    await client.change(eventKind, { namespace, name }, (previous) => {
      const tree = previous.tree();
      delete ownMetadata(tree)["resourceVersion"];
      return Object.assign(tree, { count: numberField(tree, "count") + 1, lastTimestamp: time, message });
    });
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "NotFound") throw error;
    await client.create(eventKind, namespace, eventTree(secret, { name, time, message }));
  }
}

/** The same for one secret: as long as a name may be, whatever that of the secret is. */
function eventName({ name, uid }: CutSecret): string {
  const digest = createHash("sha256").update(`${uid}\0${cutVersionsReason}`).digest("hex").slice(0, 16);
  return `${name.slice(0, 230).replace(/[.-]+$/, "")}.${digest}`;
}

function messageOf(versions: number): string {
  const what = versions === 1 ? "The oldest version was" : `The ${versions} oldest versions were`;
  return `${what} removed before its time: the secret or its namespace has more bytes of versions than are kept (versions.bytesPerSecret)`;
}

function eventTree(
  { namespace, name: secret, uid }: CutSecret,
  { name, time, message }: { readonly name: string; readonly time: string; readonly message: string },
): JsonObject {
  return jsonObject([
    ["metadata", jsonObject([["name", name]])],
    [
      "involvedObject",
      jsonObject([
        ["apiVersion", "v1"],
        ["kind", "Secret"],
        ["namespace", namespace],
        ["name", secret],
        ["uid", uid],
      ]),
    ],
    ["type", "Warning"],
    ["reason", cutVersionsReason],
    ["message", message],
    ["firstTimestamp", time],
    ["lastTimestamp", time],
    ["count", 1],
    ["source", jsonObject([["component", cutVersionsControllerName]])],
  ]);
}

/** The namespace went meanwhile. */
function isGone(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const isTerminating = error.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating") === true;
  return isTerminating || error.reason === "NotFound";
}
