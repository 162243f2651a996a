/**
 * The roles and bindings in our own store, in an index that follows them.
 *
 * A change is in the index before whoever made it is answered: the storages that {@link StoredRbacFacts.observed}
 * hands out wait for the watch to bring it. So the next request is decided by it, and decisions themselves wait for
 * nothing. When the watch fails, nothing is decided until all has been read again.
 */
import type { RbacFacts } from "../../../access/rbac-authorizer.ts";
import { RbacIndex } from "../../../access/rbac/rbac-index.ts";
import { goQuote } from "../codec/go-quote.ts";
import type { Kind } from "../kinds/kind.ts";
import { clusterRoleBindingKind, roleBindingKind } from "../kinds/role-binding.ts";
import { clusterRoleKind, roleKind } from "../kinds/role.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { KindFollower } from "./kind-follower.ts";
import type { Apply, FollowOptions } from "./kind-follower.ts";
import { bindingOf, roleOf } from "./rbac-objects.ts";

export class StoredRbacFacts implements RbacFacts, AsyncDisposable {
  readonly #index = new RbacIndex(goQuote);
  readonly #followers: ReadonlyMap<Kind, KindFollower>;
  #changes = 0;

  private constructor(options: FollowOptions) {
    const setRole: Apply = (object, { namespace, name }) => {
      this.#changes++;
      if (object === undefined) this.#index.removeRole(namespace, name);
      else this.#index.setRole(roleOf(object.header()));
    };
    const setBinding: Apply = (object, { namespace, name }) => {
      this.#changes++;
      if (object === undefined) this.#index.removeBinding(namespace, name);
      else this.#index.setBinding(bindingOf(object.header()));
    };
    this.#followers = new Map(
      (
        [
          [roleKind, setRole],
          [clusterRoleKind, setRole],
          [roleBindingKind, setBinding],
          [clusterRoleBindingKind, setBinding],
        ] as const
      ).map(([kind, apply]) => [kind, new KindFollower(kind, apply, options)]),
    );
  }

  /** Resolves when everything that is stored is in the index. */
  static async open(options: FollowOptions): Promise<StoredRbacFacts> {
    const facts = new StoredRbacFacts(options);
    await Promise.all([...facts.#followers.values()].map((follower) => follower.start()));
    return facts;
  }

  index(): RbacIndex {
    for (const follower of this.#followers.values()) follower.requireCurrent();
    return this.#index;
  }

  generation(): number {
    let lapses = 0;
    for (const follower of this.#followers.values()) lapses += follower.lapses;
    return this.#changes + lapses;
  }

  /** The storage of a kind, whose writes are in the index before they are answered. */
  observed(kind: Kind, storage: KindStorage): KindStorage {
    return this.#followers.get(kind)?.observed(storage) ?? storage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#followers.values()].map((follower) => follower.stop()));
  }
}
