import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Store } from "../../store/store.ts";
import { objectKey } from "../registry-keys.ts";
import type { NamespaceFact, NamespaceFacts } from "./namespace-facts.ts";

/** Most cached facts; beyond it the oldest is forgotten. */
const cachedFactsMax = 10_000;

/**
 * Facts of the namespaces in our own store.
 *
 * Active namespaces are cached without being invalidated by a watch: whoever
 * relies on a fact compares `fact.holdsWhile` inside its transaction, and calls
 * `refresh` when that fails. Missing and terminating ones are read every time.
 */
export function storedNamespaceFacts(store: Store): NamespaceFacts {
  const active = new Map<string, NamespaceFact>();
  return {
    async namespace(name) {
      const cached = active.get(name);
      if (cached !== undefined) return cached;
      const fact = await readFact(store, name);
      if (fact !== undefined && !fact.terminating) remember(active, fact);
      return fact;
    },
    refresh(name) {
      active.delete(name);
    },
  };
}

function remember(active: Map<string, NamespaceFact>, fact: NamespaceFact): void {
  if (active.size >= cachedFactsMax) {
    const oldest = active.keys().next();
    if (!oldest.done) active.delete(oldest.value);
  }
  active.set(fact.name, fact);
}

async function readFact(store: Store, name: string): Promise<NamespaceFact | undefined> {
  const key = objectKey("namespaces", "", name);
  const record = await store.get(key);
  if (record === undefined) return undefined;
  const stored: unknown = JSON.parse(Buffer.from(record.value).toString("utf8"));
  const metadata = field(stored, "metadata");
  const uid = field(metadata, "uid");
  if (typeof uid !== "string") throw new StrongroomError("corrupt", `the record of namespace ${name} must have a uid`);
  return {
    name,
    uid,
    terminating: field(metadata, "deletionTimestamp") !== undefined,
    holdsWhile: [{ key, target: "mod-revision", relation: "=", value: record.modRevision }],
  };
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name]; // hasOwn above
}
