/** WATCH. Source: apiserver pkg/endpoints/handlers/{get,watch}.go, pkg/storage/cacher. */
import type { AnswerEnd } from "../answer-end.ts";
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { StreamPiece } from "../../../gate/gate.ts";
import { RightsChangedError } from "../../../gate/open-streams.ts";
import { toRevision } from "../../../store/revision.ts";
import type { Revision } from "../../../store/revision.ts";
import { badRequest, expired, toApiError } from "../api-error.ts";
import type { ApiError } from "../api-error.ts";
import { WatchEncoder } from "../response/encode-watch.ts";
import { disclosureIn } from "../response/disclosed.ts";
import type { ObjectWatcher, StoredObject } from "../storage/kind-storage.ts";
import { readListOptions } from "../validation/options.ts";
import type { ListOptions } from "../validation/options.ts";
import { parseResourceVersion, requireReached } from "./resource-version.ts";
import { parseSelection } from "./selection.ts";
import type { Selection } from "./selection.ts";
import { unreadableError } from "./unreadable.ts";
import { requireValid } from "./verb-context.ts";
import type { VerbContext } from "./verb-context.ts";
import { transition } from "./watch-transition.ts";

/** Without timeoutSeconds a watch ends after a random time in this range, so that clients do not return together. */
const durationMsMin = 1_800_000;
const durationMsSpread = 1_800_000;
/** How often a bookmark is sent, and how long before the end the last one. */
const bookmarkIntervalMs = 60_000;
const bookmarkBeforeEndMs = 2_000;

const initialPageRecords = 500;

/** A watch that can be ended from outside, with an ERROR as its last event. */
export interface OpenWatch {
  readonly pieces: AsyncGenerator<StreamPiece>;
  /** Makes the pieces end soon. */
  readonly end: () => void;
  /** The frame of an ERROR. */
  readonly refusal: (error: unknown) => Buffer;
}

/** Checks the request and prepares the stream; what can be refused is refused here, before it begins. */
export async function watchObjects(context: VerbContext): Promise<OpenWatch> {
  const query = new URLSearchParams(context.query);
  query.set("watch", "true");
  const { name } = context.target;
  if (name !== "" && !query.get("fieldSelector")) query.set("fieldSelector", `metadata.name=${name}`);
  const checked = readListOptions(query);
  requireValid({ group: "meta.k8s.io", kind: checked.kind }, "", checked.errors);
  const { options } = checked;
  const selection = parseSelection(context.kind, options, query);
  if (name !== "" && selection.name !== name)
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  const since = options.resourceVersion === "" ? toRevision(0) : parseResourceVersion(options.resourceVersion);
  if (options.sendInitialEvents === true && since > 0) await requireReached(context, since);
  const ending = new Ending();
  const watch: Watch = { context: lasting(context), options, selection, since, ending };
  return {
    pieces: stream(watch),
    end: () => ending.come(),
    refusal: (error) => encoderOf(watch).error(streamError(watch.context, error)),
  };
}

/** That the stream should end: whoever waits for events is told. */
class Ending {
  #hasCome = false;
  #wake: (() => void) | undefined;

  come(): void {
    this.#hasCome = true;
    this.#wake?.();
  }

  /** Calls back when it comes, at once if it has; one at a time. */
  onCome(wake: () => void): void {
    this.#wake = wake;
    if (this.#hasCome) wake();
  }
}

function encoderOf({ context }: Watch): WatchEncoder {
  return new WatchEncoder(context.kind, context.format, context.now);
}

type LastingContext = Pick<VerbContext, "kind" | "storage" | "format" | "now" | "end" | "target">;

/** What a watch needs for as long as it runs: the rest of its request goes. */
function lasting({ kind, storage, format, now, end, target }: VerbContext): LastingContext {
  return { kind, storage, format, now, end, target };
}

interface Watch {
  readonly context: LastingContext;
  readonly options: ListOptions;
  readonly selection: Selection;
  readonly since: Revision;
  readonly ending: Ending;
}

async function* stream(watch: Watch): AsyncGenerator<StreamPiece> {
  const encoder = encoderOf(watch);
  try {
    let { since } = watch;
    if (startsWithState(watch)) {
      const initial = initialState(watch, encoder);
      let step = await initial.next();
      for (; !step.done; step = await initial.next()) yield step.value;
      since = step.value;
      if (watch.options.sendInitialEvents === true && watch.options.allowWatchBookmarks) {
        yield plain(encoder.bookmark(since, { initialEventsEnd: true }));
      }
    } else if (since === 0) {
      since = await watch.context.storage.currentRevision();
    }
    yield* liveEvents(watch, encoder, since);
  } catch (error) {
    yield plain(encoder.error(streamError(watch.context, error)));
  }
}

/** No version or "0" asks for the present state first - unless the client says it does not want it. */
function startsWithState(watch: Watch): boolean {
  const { sendInitialEvents } = watch.options;
  return sendInitialEvents ?? watch.since === 0;
}

/** ADDED for everything that is there; returns the revision it is consistent at. */
async function* initialState(watch: Watch, encoder: WatchEncoder): AsyncGenerator<StreamPiece, Revision> {
  const { context, selection } = watch;
  const namespace = context.target.namespace === "" ? (selection.namespace ?? "") : context.target.namespace;
  const name = namespace !== "" || !context.kind.namespaced ? selection.name : undefined;
  let after: string | undefined;
  let revision: Revision | undefined;
  for (;;) {
    const page = await context.storage.list({
      namespace,
      name,
      after,
      limit: initialPageRecords,
      revision,
      selected: selection.selected,
    });
    const matching = page.objects.filter((object) => selects(watch, object));
    if (matching.length > 0) {
      yield {
        bytes: ownBytes(matching.map((object) => encoder.object("ADDED", object))),
        disclosed: matching.map((object) => disclosureIn(context.format, object)),
      };
    }
    revision = page.revision;
    after = page.continueAfter;
    if (after === undefined) return revision;
  }
}

function selects(watch: Watch, object: StoredObject): boolean {
  const { namespace } = watch.context.target;
  return (namespace === "" || object.namespace === namespace) && watch.selection.matches(object);
}

async function* liveEvents(watch: Watch, encoder: WatchEncoder, since: Revision): AsyncGenerator<StreamPiece> {
  const { context, selection } = watch;
  const narrow = context.target.namespace !== "" || !context.kind.namespaced;
  const watcher = context.storage.watch(
    context.target.namespace,
    toRevision(since + 1),
    narrow ? selection.name : undefined,
    selection.selected,
  );
  const clock = new WatchClock(watcher, watch.options, context.end);
  watch.ending.onCome(() => watcher.close());
  try {
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      const frames: Buffer[] = [];
      const disclosed = [];
      for (const event of batch.events) {
        const change = await transition(event, (object) => selects(watch, object), selection.everything);
        if (change === undefined) continue;
        frames.push(encoder.event(event, change));
        disclosed.push(disclosureIn(context.format, change.object));
      }
      if (clock.takeBookmark()) frames.push(encoder.bookmark(batch.revision, { initialEventsEnd: false }));
      if (frames.length > 0) yield { bytes: concat(frames), disclosed, live: true };
    }
  } finally {
    clock.stop();
    watcher.close();
  }
}

/** One frame, which is the rule, needs no copy and stays shared between all watches. */
function concat(frames: readonly Buffer[]): Buffer {
  const [only] = frames;
  return frames.length === 1 && only !== undefined ? only : Buffer.concat(frames);
}

/**
 * In memory of its own: what a waiting stream sent last stays referenced by it, and a small piece would keep a block
 * of 8 KiB that buffers share.
 */
function ownBytes(frames: readonly Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafeSlow(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) at += frame.copy(bytes, at);
  return bytes;
}

function plain(bytes: Buffer): StreamPiece {
  return { bytes, disclosed: [] };
}

function streamError(context: Pick<VerbContext, "kind">, error: unknown): ApiError {
  if (error instanceof RightsChangedError) return expired(error.message);
  if (isStrongroomError(error, "compacted")) return expired("The resourceVersion for the provided watch is too old.");
  // Its message would name a record that the reader may have no right to.
  if (isStrongroomError(error, "corrupt")) return unreadableError(context, error);
  return toApiError(error);
}

/** Ends the watch in time, or when the client is gone, and asks for bookmarks. */
class WatchClock {
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #forgetEnd: () => void;
  #bookmarkDue = false;

  constructor(watcher: ObjectWatcher, options: ListOptions, end: AnswerEnd) {
    const durationMs =
      options.timeoutSeconds === undefined || options.timeoutSeconds === 0
        ? durationMsMin + Math.random() * durationMsSpread
        : options.timeoutSeconds * 1000;
    const close = () => watcher.close();
    this.#timers.push(setTimeout(close, Math.min(durationMs, timerMsMax)));
    if (options.allowWatchBookmarks) {
      const ask = () => {
        this.#bookmarkDue = true;
        watcher.requestProgress();
      };
      this.#timers.push(setInterval(ask, bookmarkIntervalMs));
      this.#timers.push(setTimeout(ask, Math.min(Math.max(0, durationMs - bookmarkBeforeEndMs), timerMsMax)));
    }
    this.#forgetEnd = end.onCome(close);
  }

  /** Whether a bookmark is due with this batch; asks once. */
  takeBookmark(): boolean {
    const due = this.#bookmarkDue;
    this.#bookmarkDue = false;
    return due;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#forgetEnd();
  }
}

/** Longest delay of a timer; longer ones would fire at once. */
const timerMsMax = 2_147_483_647;
