/**
 * Everything a cluster says of what is looked at, and exactly what it does not say.
 *
 * A kind is listed for the whole cluster. Where that is refused, it is listed namespace by namespace; where that is refused too, it
 * is a gap with the right that is missing. No failure of one kind ends the others.
 */
import { FactSet } from "../../facts/fact-set.ts";
import type { ClusterOrigin } from "../../facts/fact-set.ts";
import { missingRight } from "../../facts/coverage-gap.ts";
import type { CoverageGap, MissingRight } from "../../facts/coverage-gap.ts";
import { textField } from "../../facts/json-fields.ts";
import type { SecretMaterial } from "../../facts/secret-material.ts";
import { addReferredSecrets } from "../referred-secrets.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ApiFailure } from "./api-failure.ts";
import { discover } from "./discovery.ts";
import type { ServedKind } from "./discovery.ts";
import { metadataResource } from "./level.ts";
import type { KnownScope } from "./follow-scope.ts";
import { inParallel } from "./in-parallel.ts";
import type { Level } from "./level.ts";
import { listKind } from "./list-kind.ts";
import type { Listed, Scope } from "./list-kind.ts";
import type { ListBounds } from "./list-pages.ts";
import { isFact, resourceText } from "./observed-object.ts";

export interface ReadOptions {
  readonly id: string;
  /** Before the paths of places. */
  readonly prefix: string;
  /** The namespace of the context, which is asked when the namespaces are not known; "" for none. */
  readonly namespace: string;
  readonly level: Level;
  readonly material: SecretMaterial;
  readonly bounds?: ListBounds;
  readonly onProgress?: (progress: ReadProgress) => void;
  /** Whether objects are kept beside facts. */
  readonly collects?: boolean;
  /** What is needed of each kind: `list`, and `watch` where it is to be followed. */
  readonly verbs: readonly string[];
}

export interface ReadProgress {
  readonly kindsDone: number;
  readonly kinds: number;
  readonly objects: number;
  /** What is being read. */
  readonly reading: string;
}

/** Facts, and what each list was of, for following it. */
export interface ClusterReading {
  readonly facts: FactSet;
  /** Each list that is part of the facts, or that was refused. */
  readonly known: Iterable<KnownScope>;
  /** The scopes of a namespace that comes later, of kinds that are refused for the whole cluster. */
  newNamespace(namespace: string): KnownScope[];
}

/** Lists at the same time. */
const listsAtOnce = 4;
/** Beyond them a kind is not asked for one by one. */
const namespacesMax = 1000;

/** Raises {@link ApiFailure} when the cluster does not say what it serves, and the reason of the signal. */
export async function readCluster(
  connection: ApiConnection,
  options: ReadOptions,
  signal: AbortSignal,
): Promise<ClusterReading> {
  const readAt = new Date().toISOString();
  const discovered = await discover(connection, signal);
  const reading = new Reading(connection, options, signal, await originOf(connection, options, readAt, signal));
  for (const kind of discovered.absent) reading.facts.markListed(kind);
  for (const { kind, message } of discovered.failed) {
    reading.facts.addGap({ kind, namespace: "", reason: "failed", message });
  }
  await reading.read(discovered.served);
  return reading;
}

async function originOf(
  connection: ApiConnection,
  { id, level }: ReadOptions,
  readAt: string,
  signal: AbortSignal,
): Promise<ClusterOrigin> {
  try {
    const version = textField(await connection.ask("/version", { signal }), "gitVersion").slice(0, 100);
    const server = version === "" ? "unknown" : version.includes("+strongroom.") ? "strongroom" : "kubernetes";
    return { id, version, server, level, readAt };
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    return { id, version: "", server: "unknown", level, readAt }; // only what is said of versions depends on it
  }
}

class Reading implements ClusterReading {
  readonly facts: FactSet;
  readonly #known = new Map<string, KnownScope>();
  readonly #byNamespace: Scope[] = [];
  readonly #connection: ApiConnection;
  readonly #options: ReadOptions;
  readonly #signal: AbortSignal;
  readonly #origin: ClusterOrigin;
  readonly #objects = new Map<string, number>();
  #kinds = 0;
  #kindsDone = 0;

  constructor(connection: ApiConnection, options: ReadOptions, signal: AbortSignal, origin: ClusterOrigin) {
    this.#connection = connection;
    this.#options = options;
    this.#signal = signal;
    this.#origin = origin;
    this.facts = new FactSet("cluster", options.material);
    this.facts.origin = origin;
  }

  get known(): Iterable<KnownScope> {
    return this.#known.values();
  }

  newNamespace(namespace: string): KnownScope[] {
    return this.#byNamespace.map(({ served, onlyMetadata }) => {
      const scope = this.#scope(served, onlyMetadata, namespace);
      return this.#knownScope({ scope, objects: new Map(), resourceVersion: "", failure: undefined });
    });
  }

  async read(served: readonly ServedKind[]): Promise<void> {
    this.#kinds = served.length;
    // In the order of the kinds, whichever list ends first. Namespaces are needed for what is refused.
    const all = await inParallel(listsAtOnce, served, async (each) => {
      const listed = await this.#listWhole(each);
      this.#kindsDone++;
      return listed;
    });
    for (const listed of all) if (listed !== undefined) this.#take(listed);
    for (const listed of all) if (isRefused(listed)) await this.#readByNamespace(listed);
    addReferredSecrets(this.facts);
  }

  async #listWhole(served: ServedKind): Promise<Listed | undefined> {
    const { level } = this.#options;
    if (served.kind !== "Secret") return await this.#list(this.#scope(served, false));
    if (level === "references") {
      const message = "only their names in what refers to them were asked for (--level references)";
      this.facts.addGap({ kind: "Secret", namespace: "", reason: "level", message, missing: this.#missing(served) });
      return undefined;
    }
    const listed = await this.#list(this.#scope(served, level === "metadata"));
    if (level === "metadata" || !isRefused(listed)) return listed;
    const metadata = await this.#list(this.#scope(served, true));
    return metadata.failure === undefined ? metadata : listed;
  }

  #scope(served: ServedKind, onlyMetadata: boolean, namespace = ""): Scope {
    const { prefix, material, collects = false } = this.#options;
    return { served, namespace, prefix, material, onlyMetadata, collects };
  }

  async #list(scope: Scope): Promise<Listed> {
    const { bounds } = this.#options;
    const name = `${resourceText(scope.served)}${scope.namespace === "" ? "" : ` in ${scope.namespace}`}`;
    this.#progress(name);
    return await listKind(this.#connection, scope, {
      signal: this.#signal,
      ...(bounds !== undefined && { bounds }),
      onPage: (read) => {
        this.#objects.set(name, read);
        this.#progress(name);
      },
    });
  }

  #progress(reading: string): void {
    const objects = [...this.#objects.values()].reduce((sum, count) => sum + count, 0);
    this.#options.onProgress?.({ kindsDone: this.#kindsDone, kinds: this.#kinds, objects, reading });
  }

  #take(listed: Listed): void {
    const { scope, objects, failure } = listed;
    const known = this.#knownScope(listed);
    this.#known.set(scopeKey(scope), known);
    if (failure === undefined) this.facts.markListed(scope.served.kind);
    const gap = failure === undefined ? known.standingGap : this.#gapOf(listed, failure);
    if (gap !== undefined) this.facts.addGap(gap);
    for (const { result } of objects.values()) {
      if (isFact(result)) this.facts.add(result);
      else this.facts.report(result);
    }
  }

  #knownScope(listed: Listed): KnownScope {
    const { scope, objects, resourceVersion, failure } = listed;
    return {
      scope,
      objects,
      resourceVersion,
      standingGap: scope.served.kind === "Secret" && scope.onlyMetadata ? this.#metadataGap(scope) : undefined,
      gapOf: (later) => this.#gapOf({ ...listed, objects: new Map() }, later),
      isRefused: failure !== undefined,
    };
  }

  /** Metadata of all of them, and nothing of their content. */
  #metadataGap({ served, namespace }: Scope): CoverageGap {
    const asked = this.#options.level === "metadata";
    const message = `${asked ? "only metadata was asked for" : "the cluster refused all but metadata"}: types and keys are not known`;
    const missing = missingRight({ verbs: this.#options.verbs, group: "", resource: served.resource, namespace });
    return { kind: "Secret", namespace, reason: "partial", message, missing };
  }

  #gapOf({ scope, objects }: Listed, failure: ApiFailure): CoverageGap {
    const { served, namespace } = scope;
    const base = { kind: served.kind, namespace };
    if (failure.kind === "forbidden") {
      return { ...base, reason: "forbidden", message: failure.message, missing: this.#missing(served, namespace) };
    }
    const some = objects.size === 0 ? "" : `; ${objects.size} of them were read before`;
    return { ...base, reason: "failed", message: `${failure.message}${some}` };
  }

  /** For names and metadata only, where there is a right for that. */
  #missing({ group, resource, kind }: ServedKind, namespace = ""): MissingRight {
    const onlyMetadata = kind === "Secret" && this.#options.level !== "full" && this.#origin.server === "strongroom";
    const wanted = onlyMetadata ? metadataResource : resource;
    return missingRight({ verbs: this.#options.verbs, group, resource: wanted, namespace });
  }

  async #readByNamespace({ scope }: Listed): Promise<void> {
    const { served, onlyMetadata } = scope;
    if (!served.namespaced) return;
    const known = this.facts.knows("Namespace");
    const names = known ? this.facts.of("Namespace").map(({ name }) => name) : [this.#options.namespace || "default"];
    if (names.length > namespacesMax) return;
    const all = await inParallel(listsAtOnce, names, (name) => this.#list(this.#scope(served, onlyMetadata, name)));
    const read = all.filter((listed) => listed.failure === undefined);
    if (read.length === 0) return; // what was said of the whole cluster is all there is to say
    if (known) {
      this.facts.closeGap({ kind: served.kind, namespace: "" });
      this.#known.delete(scopeKey(scope));
      this.#byNamespace.push(scope);
    }
    for (const listed of all) if (known || listed.failure === undefined) this.#take(listed);
  }
}

function scopeKey({ served, namespace }: Scope): string {
  return `${served.objectKind}\n${namespace}`;
}

function isRefused(listed: Listed | undefined): listed is Listed {
  return listed?.failure?.kind === "forbidden";
}
