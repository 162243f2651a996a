/** ValidatingAdmissionPolicies and their bindings in our own store; each change is known before it is answered. */
import { KindFollower } from "../access/kind-follower.ts";
import type { FollowOptions } from "../access/kind-follower.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import {
  validatingAdmissionPolicyBindingKind,
  validatingAdmissionPolicyKind,
} from "../kinds/validating-admission-policy.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { objectField, stringField } from "../validation/object-fields.ts";

export interface BoundPolicy {
  readonly name: string;
  readonly policy: Readonly<JsonObject>;
  /** By name. */
  readonly bindings: readonly { readonly name: string; readonly binding: Readonly<JsonObject> }[];
}

export class StoredAdmissionPolicies implements AsyncDisposable {
  readonly #policies = new Map<string, Readonly<JsonObject>>();
  readonly #bindings = new Map<string, Readonly<JsonObject>>();
  readonly #followers: ReadonlyMap<Kind, KindFollower>;
  #bound: readonly BoundPolicy[] | undefined;

  private constructor(options: FollowOptions) {
    const into = (objects: Map<string, Readonly<JsonObject>>) => {
      return (object: StoredObject | undefined, { name }: { readonly name: string }) => {
        this.#bound = undefined;
        if (object === undefined) objects.delete(name);
        else objects.set(name, object.header());
      };
    };
    this.#followers = new Map([
      [validatingAdmissionPolicyKind, new KindFollower(validatingAdmissionPolicyKind, into(this.#policies), options)],
      [
        validatingAdmissionPolicyBindingKind,
        new KindFollower(validatingAdmissionPolicyBindingKind, into(this.#bindings), options),
      ],
    ]);
  }

  /** Resolves when all are known. */
  static async open(options: FollowOptions): Promise<StoredAdmissionPolicies> {
    const policies = new StoredAdmissionPolicies(options);
    await Promise.all([...policies.#followers.values()].map((follower) => follower.start()));
    return policies;
  }

  /** The policies with bindings, by name. Raises `unavailable` while they are not known. */
  bound(): readonly BoundPolicy[] {
    for (const follower of this.#followers.values()) follower.requireCurrent();
    this.#bound ??= this.#bind();
    return this.#bound;
  }

  /** The storage of the two kinds, whose writes are known before they are answered; others as they are. */
  observed(kind: Kind, storage: KindStorage): KindStorage {
    return this.#followers.get(kind)?.observed(storage) ?? storage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#followers.values()].map((follower) => follower.stop()));
  }

  #bind(): BoundPolicy[] {
    const byPolicy = Map.groupBy(this.#bindings, ([, binding]) =>
      stringField(objectField(binding, "spec"), "policyName"),
    );
    return [...this.#policies]
      .map(([name, policy]) => ({
        name,
        policy,
        bindings: (byPolicy.get(name) ?? [])
          .map(([bindingName, binding]) => ({ name: bindingName, binding }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      }))
      .filter(({ bindings }) => bindings.length > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
