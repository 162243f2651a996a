/**
 * Changes of one object, one after the other.
 *
 * A change without a version is made anew on the state that beat it, as often as
 * it takes: upstream's storage never answers 409 to it (GuaranteedUpdate,
 * apiserver pkg/storage/etcd3/store.go). Within a process such changes need not
 * race at all: they queue by object. What still comes between (a delete; another
 * process on the same store) is met by reading again.
 *
 * Changes with a version queue too, because whether there is one is known only
 * after a patch was applied; in their turn they meet the state they expect, or a 409.
 */
import type { KindStorage } from "../storage/kind-storage.ts";

/** The last change in the queue of each object that has one, by its key. */
type Tails = Map<string, Promise<unknown>>;

const queues = new WeakMap<KindStorage, Tails>();

/**
 * Runs `change` when all changes of the object before it have ended, however they did; resolves or rejects as it does.
 * The queue holds what is concurrently in work, which the door limits. A `change` must not queue one of the same object.
 */
export async function changeInTurn<T>(
  object: { readonly storage: KindStorage; readonly namespace: string; readonly name: string },
  change: () => Promise<T>,
): Promise<T> {
  const tails = tailsOf(object.storage);
  const key = `${object.namespace}/${object.name}`;
  const before = tails.get(key);
  // The first of a queue starts at once: nearly every change is alone.
  const running = before === undefined ? change() : before.then(change, change);
  tails.set(key, running);
  try {
    return await running;
  } finally {
    if (tails.get(key) === running) tails.delete(key);
  }
}

function tailsOf(storage: KindStorage): Tails {
  let tails = queues.get(storage);
  if (tails === undefined) queues.set(storage, (tails = new Map()));
  return tails;
}
