/** What two etcds have below a prefix, side by side. */
import type { KeyValue } from "../etcd-snapshot/key-value.ts";

/** One key, as either side has it or not. */
export interface Pair {
  /** In the cluster's own etcd. */
  readonly there: KeyValue | undefined;
  /** At the etcd door. */
  readonly here: KeyValue | undefined;
}

/** Every key of either side once, in their order; both sides must be in order. */
export async function* pairsOf(there: AsyncIterable<KeyValue>, here: AsyncIterable<KeyValue>): AsyncGenerator<Pair> {
  const [left, right] = [there[Symbol.asyncIterator](), here[Symbol.asyncIterator]()];
  let [first, second] = await Promise.all([left.next(), right.next()]);
  while (first.done !== true || second.done !== true) {
    const order = orderOf(
      first.done === true ? undefined : first.value,
      second.done === true ? undefined : second.value,
    );
    yield {
      there: order <= 0 && first.done !== true ? first.value : undefined,
      here: order >= 0 && second.done !== true ? second.value : undefined,
    };
    [first, second] = await Promise.all([order <= 0 ? left.next() : first, order >= 0 ? right.next() : second]);
  }
}

/** Below zero: the first one comes first. One that is absent comes last. */
function orderOf(first: KeyValue | undefined, second: KeyValue | undefined): number {
  if (first === undefined) return 1;
  return second === undefined ? -1 : first.key.compare(second.key);
}

/** Whether both sides have the same under the key, byte for byte. */
export function isSame({ there, here }: Pair): boolean {
  return there !== undefined && here !== undefined && there.value.equals(here.value);
}

/** The key of a pair, as text. */
export function keyText({ there, here }: Pair): string {
  return (there ?? here)?.key.toString("utf8") ?? "";
}
