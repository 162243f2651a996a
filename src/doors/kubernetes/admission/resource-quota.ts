/**
 * Refuses objects beyond what the quotas of their namespace allow.
 *
 * What there is is counted in the store, with the creations that are on their way: each holds a place until its request
 * is over. So a quota is exact whatever happens at the same time, and no number has to be kept in step.
 *
 * Source: apiserver pkg/admission/plugin/resourcequota/{admission,controller}.go.
 */
import type { Admission, AdmissionOperation, RequestLife } from "../../../gate/admission.ts";
import { forbidden } from "../api-error.ts";
import { sortKeys } from "../codec/canonical-object.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { countedNames } from "./counted-objects.ts";
import type { CountQuota } from "./counted-objects.ts";

export interface QuotaOptions {
  readonly kinds: readonly Kind[];
  readonly storage: (kind: Kind) => KindStorage;
  /** The quotas of a namespace that limit one of the names. */
  readonly limiting: (namespace: string, names: readonly string[]) => readonly CountQuota[];
}

/** Counts objects against the quotas of their namespace; the last of all admission, since it takes a place. */
export function resourceQuotaAdmission(options: QuotaOptions): Admission {
  const kinds = new Map(options.kinds.map((kind) => [`${kind.group}/${kind.resource}`, kind]));
  const places = new Map<string, Places>();
  return {
    async admit(operation) {
      if (operation.operation !== "create" || operation.subresource !== "" || operation.namespace === "") return;
      const kind = kinds.get(`${operation.apiGroup}/${operation.resource}`);
      if (kind === undefined) return;
      const names = countedNames(kind);
      const quotas = names.length === 0 ? [] : options.limiting(operation.namespace, names);
      if (quotas.length === 0) return;
      const key = `${operation.namespace}/${operation.apiGroup}/${operation.resource}`;
      const counted = places.get(key) ?? new Places(() => void places.delete(key));
      places.set(key, counted);
      const count = () => options.storage(kind).count(operation.namespace, undefined, undefined);
      await counted.take(operation, count, (used) => refusal(quotas, names, used));
    },
  };
}

/** Why one more is too many; undefined when it is not. */
function refusal(quotas: readonly CountQuota[], names: readonly string[], used: number): string | undefined {
  for (const { name, hard } of quotas) {
    const exceeded = sortKeys(names.filter((counted) => used + 1 > (hard.get(counted) ?? Infinity)));
    if (exceeded.length === 0) continue;
    const amounts = (amount: (counted: string) => unknown) =>
      exceeded.map((counted) => `${counted}=${String(amount(counted))}`).join(",");
    const limited = amounts((counted) => hard.get(counted));
    return `exceeded quota: ${name}, requested: ${amounts(() => 1)}, used: ${amounts(() => used)}, limited: ${limited}`;
  }
  return undefined;
}

/** The creations of one kind in one namespace that are on their way. */
class Places {
  readonly #held = new Set<RequestLife>();
  readonly #onUnused: () => void;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #onFreed: (() => void)[] = [];

  constructor(onUnused: () => void) {
    this.#onUnused = onUnused;
  }

  /** Takes a place for the request; raises 403 when there is none. One at a time, so that none is taken twice. */
  async take(
    operation: AdmissionOperation,
    count: () => Promise<number>,
    refuse: (used: number) => string | undefined,
  ): Promise<void> {
    // A request that tries another generated name still has its place; its turn would never come while others wait for it.
    if (this.#held.has(operation.request)) return;
    this.#waiting++;
    const turn = this.#turn;
    let end = () => {};
    this.#turn = new Promise((resolve) => (end = resolve));
    try {
      await turn;
      await this.#takeInTurn(operation, count, refuse);
    } finally {
      this.#waiting--;
      end();
      this.#dropIfUnused();
    }
  }

  async #takeInTurn(
    { request, apiGroup, resource, name, dryRun }: AdmissionOperation,
    count: () => Promise<number>,
    refuse: (used: number) => string | undefined,
  ): Promise<void> {
    for (;;) {
      const others = this.#held.size;
      // An object that comes while it is counted is counted twice: too much, never too little.
      const why = refuse((await count()) + others);
      if (why === undefined) break;
      if (others === 0) throw forbidden({ group: apiGroup, resource, name }, why);
      // Who has ended while it was counted frees nothing any more.
      if (this.#held.size === others) await new Promise<void>((resolve) => this.#onFreed.push(resolve));
    }
    if (!dryRun) this.#hold(request);
  }

  #hold(request: RequestLife): void {
    this.#held.add(request);
    request.onEnd(() => {
      this.#held.delete(request);
      for (const freed of this.#onFreed.splice(0)) freed();
      this.#dropIfUnused();
    });
  }

  #dropIfUnused(): void {
    if (this.#held.size === 0 && this.#waiting === 0) this.#onUnused();
  }
}
