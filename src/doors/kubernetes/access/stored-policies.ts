/** The policies in our own store, ready to be asked; each change is known before it is answered. */
import { loadCel } from "../../../cel/cel.ts";
import type { CelCompiler } from "../../../cel/cel.ts";
import { PolicySet } from "../../../access/policy/policy-set.ts";
import type { PolicyFacts } from "../../../access/policy/policy-authorizer.ts";
import type { Labels, SecretPolicy } from "../../../access/policy/secret-policy.ts";
import { readable } from "../../../core/object-range.ts";
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { secretKind } from "../kinds/secret.ts";
import { clusterSecretPolicyKind, secretPolicyKind } from "../kinds/secret-policy.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { KindFollower } from "./kind-follower.ts";
import type { FollowOptions } from "./kind-follower.ts";
import { conditionsOf, labelsOf, policyOf } from "./policy-objects.ts";

interface Place {
  readonly namespace: string;
  readonly name: string;
}

export class StoredPolicies implements PolicyFacts, AsyncDisposable {
  readonly now: () => Date;
  readonly #set = new PolicySet();
  readonly #followers: ReadonlyMap<Kind, KindFollower>;
  readonly #secrets: KindStorage;
  readonly #onError: FollowOptions["onError"];
  #cel: CelCompiler | undefined;
  /** Policies whose conditions wait for the language to be loaded. */
  readonly #waiting = new Map<string, Readonly<JsonObject>>();

  private constructor(options: FollowOptions & { readonly now: () => Date }) {
    this.now = options.now;
    this.#onError = options.onError;
    this.#secrets = options.storage(secretKind);
    const tell = (object: StoredObject | undefined, place: Place) => this.#tell(object, place);
    this.#followers = new Map(
      [secretPolicyKind, clusterSecretPolicyKind].map((kind) => [kind, new KindFollower(kind, tell, options)]),
    );
  }

  /** Resolves when all policies are known and can be asked. */
  static async open(options: FollowOptions & { readonly now: () => Date }): Promise<StoredPolicies> {
    const policies = new StoredPolicies(options);
    await Promise.all([...policies.#followers.values()].map((follower) => follower.start()));
    if (policies.#waiting.size > 0) await policies.#loadConditions();
    return policies;
  }

  policies(): PolicySet {
    for (const follower of this.#followers.values()) follower.requireCurrent();
    return this.#set;
  }

  generation(): number {
    let lapses = 0;
    for (const follower of this.#followers.values()) lapses += follower.lapses;
    return this.#set.generation(this.now().getTime()) + lapses;
  }

  async labels(namespace: string, name: string): Promise<Labels | undefined> {
    // What cannot be read is refused as what is not there, so that nobody tells the two apart.
    const secret = await readable(
      () => this.#secrets.get(namespace, name),
      () => {},
    );
    return secret && labelsOf(secret.metadata());
  }

  /** The storage of policies, whose writes are known before they are answered; others as they are. */
  observed(kind: Kind, storage: KindStorage): KindStorage {
    return this.#followers.get(kind)?.observed(storage) ?? storage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#followers.values()].map((follower) => follower.stop()));
  }

  #tell(object: StoredObject | undefined, { namespace, name }: Place): void {
    const id = namespace === "" ? name : `${namespace}/${name}`;
    this.#waiting.delete(id);
    if (object === undefined) return this.#set.remove(id, this.now().getTime());
    const tree = object.header();
    this.#set.set(this.#policyOf(tree), this.now().getTime());
    if (this.#cel !== undefined || conditionsOf(tree).length === 0) return;
    const first = this.#waiting.size === 0;
    this.#waiting.set(id, tree);
    // The first one at the start is waited for; later ones come with a language that admission has loaded.
    if (first) this.#loadConditions().catch((error: unknown) => this.#onError(error, secretPolicyKind.resource));
  }

  async #loadConditions(): Promise<void> {
    this.#cel = await loadCel();
    for (const tree of this.#waiting.values()) this.#set.set(this.#policyOf(tree), this.now().getTime());
    this.#waiting.clear();
  }

  /** One whose conditions were compiled when more was known of expressions denies as if they were true. */
  #policyOf(tree: Readonly<JsonObject>): SecretPolicy {
    try {
      return policyOf(tree, this.#cel);
    } catch (error) {
      if (!isStrongroomError(error, "invalid")) throw error;
      this.#onError(error, secretPolicyKind.resource);
      return policyOf(tree, undefined);
    }
  }
}
