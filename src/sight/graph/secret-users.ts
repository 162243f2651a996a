/** Which workloads refer to which secrets. */
import type { WorkloadFact } from "../facts/facts.ts";
import type { SecretName } from "./security-graph.ts";

export class SecretUsers {
  readonly #users = new Map<string, Set<WorkloadFact>>();

  add(workload: WorkloadFact): void {
    for (const key of keysOf(workload)) {
      const users = this.#users.get(key);
      if (users === undefined) this.#users.set(key, new Set([workload]));
      else users.add(workload);
    }
  }

  remove(workload: WorkloadFact): void {
    for (const key of keysOf(workload)) {
      const users = this.#users.get(key);
      users?.delete(workload);
      if (users?.size === 0) this.#users.delete(key);
    }
  }

  /** In the order of their kinds and names. */
  of({ namespace, name }: SecretName): WorkloadFact[] {
    const users = [...(this.#users.get(`${namespace}\n${name}`) ?? [])];
    return users.sort((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1));
  }
}

function keysOf({ namespace, references }: WorkloadFact): Set<string> {
  return new Set(references.flatMap(({ kind, name }) => (kind === "secret" ? [`${namespace}\n${name}`] : [])));
}
