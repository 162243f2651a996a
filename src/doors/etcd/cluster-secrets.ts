/**
 * The secrets of one cluster as keys and values: what the methods read and write, each within the gate's decision on it.
 */
import { isStrongroomError, StrongroomError } from "../../errors/strongroom-error.ts";
import type { Disclosure } from "../../audit/audit-event.ts";
import { objectUidOf } from "../../core/secrets/canonical-secret.ts";
import type { Secret } from "../../core/secrets/canonical-secret.ts";
import type { SecretWatcher } from "../../core/secrets/secret-watcher.ts";
import type { Secrets } from "../../core/secrets/secrets.ts";
import type { GateContext } from "../../gate/gate.ts";
import type { Revision } from "../../store/revision.ts";
import { disclosureIn } from "../kubernetes/response/disclosed.ts";
import type { OutputFormat } from "../kubernetes/response/output-format.ts";
import { StoredSecret } from "../kubernetes/storage/secret-storage.ts";
import { nameInCluster } from "./cluster-clients.ts";
import { ClusterKeys } from "./cluster-keys.ts";
import type { SecretPlace, Span } from "./cluster-keys.ts";
import type { KeyState } from "./key-state.ts";
import { KeyValue } from "./messages/kv.ts";
import { stateOfTree, treeOfValue, valueOfSecret } from "./secret-value.ts";

/** A cluster that keeps its secrets here. */
export interface Cluster {
  readonly name: string;
  /** The API server's `--etcd-prefix`. */
  readonly prefix: string;
  /** What stands before the names of its namespaces here. */
  readonly namespacePrefix: string;
}

export interface ClusterSecretsOptions {
  readonly cluster: Cluster;
  readonly secrets: Secrets;
  /** Makes the namespace here, marked as one of the cluster, where there is none. */
  readonly ensureNamespace: (namespace: string, cluster: string) => Promise<void>;
  readonly now: () => Date;
  readonly uuid: () => string;
}

/** The largest value, as etcd's `--max-request-bytes` has it. */
const valueBytesMax = 1.5 * 1024 * 1024;
const pageRecords = 500;

export interface SpanPage {
  readonly secrets: readonly Secret[];
  readonly revision: Revision;
  /** Whether further ones follow. */
  readonly more: boolean;
  /** How many there are from the start of the span on. */
  readonly count: number;
}

export class ClusterSecrets {
  readonly keys: ClusterKeys;
  readonly #options: ClusterSecretsOptions;

  constructor(options: ClusterSecretsOptions) {
    this.#options = options;
    this.keys = new ClusterKeys(options.cluster);
  }

  currentRevision(): Promise<Revision> {
    return this.#options.secrets.currentRevision();
  }

  /** The secret of a key as it is now. */
  current({ namespace, name }: SecretPlace): Promise<Secret | undefined> {
    return this.#options.secrets.get(namespace, name);
  }

  /** The secret of a key, with a revision at which it was so. Raises `compacted`, `future-revision`. */
  async get(place: SecretPlace, revision: Revision | undefined) {
    const now = revision === undefined ? await this.#currentSince(place) : undefined;
    if (now !== undefined) return now;
    const { namespace, name } = place;
    const page = await this.#options.secrets.list({ namespace, name, limit: 1, revision });
    return { secret: page.secrets[0], revision: page.revision };
  }

  /** As it is now: one that was read lately is not decrypted again. */
  async #currentSince(place: SecretPlace) {
    const before = await this.currentRevision();
    const secret = await this.current(place);
    // Of what is not there, nothing says whether it was a moment ago: that is read at one revision.
    if (secret === undefined) return undefined;
    // What has not been changed since `before` was the same then.
    return { secret, revision: secret.revision > before ? secret.revision : before };
  }

  /** The secrets of a span in the order of their keys; `limit` 0 is all of them. */
  async list(span: Span, limit: number, revision: Revision | undefined): Promise<SpanPage> {
    const { namespace } = span;
    const found: Secret[] = [];
    let { after } = span;
    let at = revision;
    for (;;) {
      const wanted = limit === 0 ? pageRecords : Math.min(pageRecords, limit - found.length);
      const page = await this.#options.secrets.list({ namespace, after, limit: wanted, revision: at });
      const inside = page.secrets.filter((secret) => this.keys.contains(span, secret));
      found.push(...inside);
      at = page.revision;
      after = page.continueAfter;
      const isAtEnd = after === undefined || inside.length < page.secrets.length;
      if (isAtEnd) return { secrets: found, revision: at, more: false, count: found.length };
      if (limit === 0 || found.length < limit) continue;
      const count = await this.#count(span, at);
      return { secrets: found, revision: at, more: count > found.length, count };
    }
  }

  /** How many secrets a span has. */
  async count(span: Span, revision: Revision | undefined) {
    const at = revision ?? (await this.currentRevision());
    return { count: await this.#count(span, at), revision: at };
  }

  async #count(span: Span, revision: Revision): Promise<number> {
    const { namespace, after, before } = span;
    const total = await this.#options.secrets.count(namespace, after, revision);
    if (before === undefined || total === 0) return total;
    // What comes behind the span is counted too: the rest from its end on is taken off.
    const rest = this.keys.afterEnd({ ...span, before });
    return total - (await this.#options.secrets.count(namespace, rest, revision));
  }

  /** Follows what may be of a span or a key; the caller still looks. */
  watch(of: Span | SecretPlace, from: Revision): SecretWatcher {
    return this.#options.secrets.watch(of.namespace, from, of.type === "secret" ? of.name : "");
  }

  keyValue(secret: Secret, withoutValue = false): KeyValue {
    const value = () => (withoutValue ? new Uint8Array() : this.valueOf(secret));
    return {
      key: Buffer.from(this.keys.keyOf(secret), "latin1"),
      createRevision: secret.createRevision,
      modRevision: secret.revision,
      version: secret.version,
      // Made when it is asked for: conditions are on revisions.
      get value() {
        return value();
      },
      lease: 0,
    };
  }

  /** The value that the API server of the cluster reads. */
  valueOf(secret: Secret): Uint8Array {
    return valueOfSecret(secret, this.keys.namespaceInCluster(secret.namespace));
  }

  /** The state of a key as compares see it. */
  stateOf(secret: Secret | undefined): KeyState | undefined {
    return secret === undefined ? undefined : this.keyValue(secret);
  }

  /** Writes a value over `previous`, which was read before. Raises `conflict`, `invalid`, `too-large`, and what admission raises. */
  async put(
    context: GateContext,
    place: SecretPlace,
    value: Uint8Array,
    previous: Secret | undefined,
    adoptedAt?: number,
  ): Promise<Secret> {
    if (value.length > valueBytesMax) throw new StrongroomError("too-large", "a value must be at most 1.5 MiB");
    const { cluster, secrets, uuid, now } = this.#options;
    const { namespace, name } = place;
    const inCluster = this.keys.namespaceInCluster(namespace);
    const facts = { namespace, inCluster, name, uid: uuid(), now: now() };
    const tree = treeOfValue(value, facts);
    // Texts from here on: what admission does to the tree that it is shown changes nothing of them.
    const state = stateOfTree(tree, cluster.name, adoptedAt);
    if (previous === undefined) await this.#options.ensureNamespace(namespace, cluster.name);
    const operation = previous === undefined ? "create" : "update";
    await this.#admit(context, place, { operation, next: tree, previous });
    const writer = this.#writer(context);
    if (previous !== undefined) {
      return context.change(stateBefore(previous), () => secrets.replace(previous, state, writer));
    }
    const made = { name, uid: state.uid, resourceVersion: undefined };
    return context
      .change(made, () => secrets.create(state, writer))
      .catch((error: unknown) => {
        // Somebody was first: the caller looks again.
        if (isStrongroomError(error, "already-exists")) throw new StrongroomError("conflict", "the key must be free");
        throw error;
      });
  }

  /** Raises `conflict`, and what admission raises. */
  async delete(context: GateContext, place: SecretPlace, previous: Secret): Promise<Revision> {
    await this.#admit(context, place, { operation: "delete", next: undefined, previous });
    const remove = () => this.#options.secrets.delete(previous, this.#writer(context));
    return context.change(stateBefore(previous), remove);
  }

  #writer({ user }: GateContext) {
    const { name: cluster } = this.#options.cluster;
    return { author: `kube-apiserver ${nameInCluster(user.name, cluster)} of cluster ${cluster}`, door: "etcd" };
  }

  #admit(
    context: GateContext,
    { namespace, name }: SecretPlace,
    change: {
      readonly operation: "create" | "update" | "delete";
      readonly next: unknown;
      readonly previous: Secret | undefined;
    },
  ): Promise<void> {
    const { operation, next, previous } = change;
    return context.admit({
      operation,
      apiGroup: "",
      resource: "secrets",
      subresource: "",
      namespace,
      name,
      dryRun: false,
      next,
      previous: previous === undefined ? undefined : new StoredSecret(previous).tree(),
    });
  }
}

/** What the intent of a change has of what is changed. */
function stateBefore({ name, book, revision }: Secret) {
  return { name, uid: objectUidOf(book), resourceVersion: String(revision) };
}

/** A value has all of a Secret in it. */
const wholeObject: OutputFormat = {
  media: "application/vnd.kubernetes.protobuf",
  view: "object",
  viewVersion: "v1",
  pretty: false,
  includeObject: "None",
};

/** Made once for each state: to name the keys, the values have to be parsed. */
const disclosures = new WeakMap<Secret, Disclosure>();

/** What the audit log has of a secret that was told of, with the keys of its values or, of its key alone, without. */
export function disclosureOf(secret: Secret, withoutValue = false): Disclosure {
  if (withoutValue) return new StoredSecret(secret).disclosure();
  let disclosure = disclosures.get(secret);
  if (disclosure === undefined)
    disclosures.set(secret, (disclosure = disclosureIn(wholeObject, new StoredSecret(secret))));
  return disclosure;
}
