/**
 * What a decision needs to know of a namespace. Whatever decides reads these
 * facts through this interface; our store is one implementation, a remote
 * cluster can be another.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Compare } from "../../store/store.ts";

export interface NamespaceFact {
  readonly name: string;
  readonly uid: string;
  readonly terminating: boolean;
  /**
   * What must hold in our store for the fact to be still true: compares for the transaction that relies on it. Empty
   * when the fact is of another system, where no transaction of ours can hold it.
   */
  readonly holdsWhile: readonly Compare[];
}

export interface NamespaceFacts {
  /** The namespace as of now, or undefined when there is none. May be a cached *active* fact: see `refresh`. */
  namespace(name: string): Promise<NamespaceFact | undefined>;
  /** Forgets what is cached of a namespace: a transaction found it changed, or none will look. */
  refresh(name: string): void;
}

/** Nothing can be created in this namespace, because there is none or it is being deleted. */
export class NamespaceUnavailableError extends StrongroomError {
  readonly namespace: string;
  readonly phase: "missing" | "terminating";

  constructor(namespace: string, phase: "missing" | "terminating") {
    super(phase === "missing" ? "not-found" : "denied", `namespace must exist and not be terminating`);
    this.namespace = namespace;
    this.phase = phase;
  }
}

/** The fact of an active namespace; raises {@link NamespaceUnavailableError} otherwise. */
export async function requireActiveNamespace(facts: NamespaceFacts, name: string): Promise<NamespaceFact> {
  const fact = await facts.namespace(name);
  if (fact === undefined) throw new NamespaceUnavailableError(name, "missing");
  if (fact.terminating) throw new NamespaceUnavailableError(name, "terminating");
  return fact;
}
