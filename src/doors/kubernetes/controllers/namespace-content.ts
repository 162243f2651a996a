/**
 * Deletes what is in a terminating namespace.
 *
 * Source: k/k pkg/controller/namespace/deletion/namespaced_resources_deleter.go.
 */
import { ApiError } from "../api-error.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { isTerminating } from "../storage/object-fields.ts";
import { stringsField } from "../validation/object-fields.ts";
import type { DeleteOptions } from "../validation/options.ts";
import type { RemainingContent } from "./namespace-conditions.ts";
import { LoopShare } from "../loop-share.ts";
import type { SystemClient } from "./system-client.ts";

export interface NamespaceContentOptions {
  /** The namespaced kinds. */
  readonly kinds: readonly Kind[];
  readonly storage: (kind: Kind) => KindStorage;
  readonly client: SystemClient;
}

const pageRecords = 500;
const concurrentDeletions = 16;

/** The namespace goes with all that is in it: nothing in it waits for, or is kept from, dependents. */
const background: DeleteOptions = {
  dryRun: false,
  gracePeriodSeconds: undefined,
  propagationPolicy: "Background",
  orphanDependents: undefined,
  preconditions: { uid: undefined, resourceVersion: undefined },
  ignoreStoreReadError: false,
};

/**
 * One round: deletes all objects, and tells what is left. Pods go first, as upstream since 1.34: while one is left,
 * what it may still use stays. Raises what `signal` aborts with.
 */
export async function deleteContent(
  options: NamespaceContentOptions,
  namespace: string,
  signal: AbortSignal,
): Promise<RemainingContent> {
  const tally = new Tally();
  const round = { ...options, namespace, tally, signal, share: new LoopShare() };
  const pods = options.kinds.filter(isPods);
  const others = options.kinds.filter((kind) => !isPods(kind));
  for (const kind of pods) await deleteKind(round, kind);
  if (tally.resources.size > 0 || tally.failures.length > 0) return tally;
  for (const kind of others) await deleteKind(round, kind);
  return tally;
}

function isPods(kind: Kind): boolean {
  return kind.group === "" && kind.resource === "pods";
}

class Tally implements RemainingContent {
  readonly resources = new Map<string, number>();
  readonly finalizers = new Map<string, number>();
  readonly failures: string[] = [];

  remains(kind: Kind, finalizers: readonly string[]): void {
    increment(this.resources, `${kind.resource}.${kind.group}`);
    for (const finalizer of finalizers) increment(this.finalizers, finalizer);
  }
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

interface Round extends NamespaceContentOptions {
  readonly namespace: string;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  readonly share: LoopShare;
}

async function deleteKind(round: Round, kind: Kind): Promise<void> {
  let after: string | undefined;
  do {
    const page = await round.storage(kind).list({ namespace: round.namespace, after, limit: pageRecords });
    const left = page.objects.values();
    const work = async () => {
      for (const object of left) {
        round.signal.throwIfAborted();
        await round.share.step();
        await deleteOne(round, kind, object);
      }
    };
    await Promise.all(Array.from({ length: concurrentDeletions }, work));
    after = page.continueAfter;
  } while (after !== undefined);
}

async function deleteOne({ client, tally }: Round, kind: Kind, object: StoredObject): Promise<void> {
  const finalizers = stringsField(object.metadata(), "finalizers");
  // Asked to go already, and nothing here changes that: what it waits for is not ours to do.
  if (isTerminating(object.header()) && !finalizers.some(isCollectors)) return tally.remains(kind, finalizers);
  try {
    const deleted = await client.delete(kind, object, background);
    if (deleted.waiting) tally.remains(kind, stringsField(deleted.object.metadata(), "finalizers"));
  } catch (error) {
    if (error instanceof ApiError && error.reason === "NotFound") return;
    tally.remains(kind, finalizers);
    tally.failures.push(error instanceof ApiError ? error.message : `${kind.resource} could not be deleted`);
  }
}

/** Finalizers of the garbage collector, which a deletion in the background takes off. */
function isCollectors(finalizer: string): boolean {
  return finalizer === "orphan" || finalizer === "foregroundDeletion";
}
