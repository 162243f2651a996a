/** The quotas of each namespace that limit counts, followed in our own store. */
import { KindFollower } from "../access/kind-follower.ts";
import type { FollowOptions } from "../access/kind-follower.ts";
import type { Kind } from "../kinds/kind.ts";
import { resourceQuotaKind } from "../kinds/resource-quota.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { countQuotaOf, countedNames } from "./counted-objects.ts";
import type { CountQuota } from "./counted-objects.ts";

export class StoredQuotas implements AsyncDisposable {
  readonly #byNamespace = new Map<string, Map<string, CountQuota>>();
  readonly #follower: KindFollower;

  private constructor(options: FollowOptions & { readonly kinds: readonly Kind[] }) {
    const names = new Set(options.kinds.flatMap(countedNames));
    const tell = (object: StoredObject | undefined, place: { readonly namespace: string; readonly name: string }) => {
      if (object === undefined) this.#forget(place);
      else this.#note(place.namespace, countQuotaOf(object, names));
    };
    this.#follower = new KindFollower(resourceQuotaKind, tell, options);
  }

  /** Resolves when all quotas are known. */
  static async open(options: FollowOptions & { readonly kinds: readonly Kind[] }): Promise<StoredQuotas> {
    const quotas = new StoredQuotas(options);
    await quotas.#follower.start();
    return quotas;
  }

  /** Those of a namespace that limit one of the names, by name. Raises `unavailable` while they are not known. */
  limiting(namespace: string, names: readonly string[]): CountQuota[] {
    this.#follower.requireCurrent();
    const quotas = [...(this.#byNamespace.get(namespace)?.values() ?? [])];
    return quotas.filter(({ hard }) => names.some((name) => hard.has(name))).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The storage of quotas, whose writes are known before they are answered; others as they are. */
  observed(kind: Kind, storage: KindStorage): KindStorage {
    return kind === resourceQuotaKind ? this.#follower.observed(storage) : storage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower.stop();
  }

  #note(namespace: string, quota: CountQuota): void {
    const quotas = this.#byNamespace.get(namespace) ?? new Map<string, CountQuota>();
    this.#byNamespace.set(namespace, quotas.set(quota.name, quota));
  }

  #forget({ namespace, name }: { readonly namespace: string; readonly name: string }): void {
    const quotas = this.#byNamespace.get(namespace);
    if (quotas?.delete(name) === true && quotas.size === 0) this.#byNamespace.delete(namespace);
  }
}
