/** The namespaces whose pods' tokens are limited to the secrets their pod refers to, followed in our own store. */
import type { Kind } from "../kinds/kind.ts";
import { namespaceKind } from "../kinds/namespace.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { objectField } from "../validation/object-fields.ts";
import { KindFollower } from "./kind-follower.ts";
import type { FollowOptions } from "./kind-follower.ts";

/** The label of such a namespace, and its value. */
export const podSecretsLabel = "strongroom.dev/pod-token-secrets";
export const podSecretsReferenced = "referenced";

export class LimitedNamespaces implements AsyncDisposable {
  readonly #names = new Set<string>();
  readonly #follower: KindFollower;
  #changes = 0;

  private constructor(options: FollowOptions) {
    const tell = (object: StoredObject | undefined, { name }: { readonly name: string }) => {
      const limited = object !== undefined && isLimited(object);
      if (limited !== this.#names.has(name)) this.#changes++;
      if (limited) this.#names.add(name);
      else this.#names.delete(name);
    };
    this.#follower = new KindFollower(namespaceKind, tell, options);
  }

  /** Resolves when all namespaces are known. */
  static async open(options: FollowOptions): Promise<LimitedNamespaces> {
    const namespaces = new LimitedNamespaces(options);
    await namespaces.#follower.start();
    return namespaces;
  }

  /** Raises `unavailable` while the namespaces are not known to be those that are stored. */
  has(namespace: string): boolean {
    this.#follower.requireCurrent();
    return this.#names.has(namespace);
  }

  /** Grows with every change of what {@link has} says. */
  generation(): number {
    return this.#changes + this.#follower.lapses;
  }

  /** The storage of namespaces, whose writes are known before they are answered; others as they are. */
  observed(kind: Kind, storage: KindStorage): KindStorage {
    return kind === namespaceKind ? this.#follower.observed(storage) : storage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower.stop();
  }
}

function isLimited(namespace: StoredObject): boolean {
  return objectField(namespace.metadata(), "labels")[podSecretsLabel] === podSecretsReferenced;
}
