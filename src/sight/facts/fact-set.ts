/** The facts of one source, and what it says of its own limits. */
import type { PlacedExamination } from "../examination/observation.ts";
import { gapKey } from "./coverage-gap.ts";
import type { CoverageGap } from "./coverage-gap.ts";
import { FactIndexes } from "./fact-indexes.ts";
import type { ValuePlace } from "./fact-indexes.ts";
import { allKinds } from "./facts.ts";
import { isBuiltIn, isDefinedBy } from "./fact-kind.ts";
import type { Fact, FactKind, FactOf, Problem, WorkloadFact } from "./facts.ts";
import { placeText } from "./provenance.ts";
import type { Provenance } from "./provenance.ts";
import { SecretMaterial } from "./secret-material.ts";
import type { ServerProfile } from "./server-profile.ts";

/**
 * A cluster is what it answers itself, a dump is meant to be a whole cluster; manifests are what somebody declares, beside
 * whatever else a cluster holds.
 */
export type SourceType = "cluster" | "dump" | "manifests";

/** What was read and what was not: what is unknown is never taken for absent. */
export interface Coverage {
  readonly source: SourceType;
  /** The cluster, if the source knows which one it is. */
  readonly origin?: ClusterOrigin;
  readonly files: number;
  /** How many objects of each kind that is looked at; kinds without any are in `unknown`, or were listed empty. */
  readonly objects: Readonly<Partial<Record<FactKind, number>>>;
  /** Kinds of which nothing was found and that no list says to be empty. */
  readonly unknown: readonly FactKind[];
  /** What was refused, failed or not asked for, also of kinds of which something is known. */
  readonly gaps: readonly CoverageGap[];
  /** How many objects of other kinds were passed over. */
  readonly otherObjects: number;
  readonly problems: readonly Problem[];
  /** How a sample of the answers compares with what the cluster itself decides. */
  readonly verified?: Verification;
}

/** A sample of the graph's answers, asked of the cluster. */
export interface Verification {
  readonly asked: number;
  readonly agreed: number;
  readonly disagreements: readonly Disagreement[];
  /** Why nothing was asked; "" where something was. */
  readonly reason: string;
}

export interface Disagreement {
  /** Who does what to what. */
  readonly question: string;
  readonly graph: "allows" | "denies";
  readonly cluster: "allows" | "denies";
  /** The cluster's, in its own words. */
  readonly reason: string;
}

/** What is asked of facts by who derives something from them. */
export interface FactReader {
  readonly source: SourceType;
  of<Kind extends FactKind>(kind: Kind): readonly FactOf<Kind>[];
  inNamespace<Kind extends FactKind>(kind: Kind, namespace: string): readonly FactOf<Kind>[];
  named(kind: FactKind, namespace: string, name: string): readonly Fact[];
  knows(kind: FactKind, namespace?: string): boolean;
  readonly server: ServerProfile;
  /** The first of the places of a credential, in the order of names, if it lies in several. */
  shared(fingerprint: string): ValuePlace | undefined;
  /** The workloads of a known controller, by its image. */
  running(image: string): readonly WorkloadFact[];
}

/** The cluster that facts are of. */
export interface ClusterOrigin {
  /** The context, or the name that was given to it. */
  readonly id: string;
  /** `gitVersion` of its API server; "" when it does not say. */
  readonly version: string;
  readonly server: "kubernetes" | "strongroom" | "unknown";
  /** How much of Secrets was asked for. */
  readonly level: string;
  /** When reading began (RFC 3339). */
  readonly readAt: string;
}

/** An object in which something was seen while its values were in hand. */
export interface ExaminedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly at: Provenance;
  readonly examined: PlacedExamination;
}

export class FactSet implements FactReader {
  readonly source: SourceType;
  /** Undefined for files that do not say it. */
  origin: ClusterOrigin | undefined;
  verified: Verification | undefined;
  readonly material: SecretMaterial;
  readonly #facts = new Map<FactKind, Fact[]>();
  readonly #byNamespace = new Map<string, Fact[]>();
  readonly #byKey = new Map<string, Fact[]>();
  /** Kinds that are known although there may be no object of them. */
  readonly #listed = new Set<FactKind>();
  readonly #indexes = new FactIndexes();
  readonly #gaps = new Map<string, CoverageGap>();
  readonly #problems: Problem[] = [];
  /** How many Secrets are known by name only. */
  #namesOnly = 0;
  readonly #examined: ExaminedObject[] = [];
  /** Of an image of the API server among the pods. */
  #version: string | undefined;
  #files = 0;
  #otherObjects = 0;

  /** Marks of texts can be compared between sets that share `material`. */
  constructor(source: SourceType, material: SecretMaterial = SecretMaterial.ofThisProcess()) {
    this.source = source;
    this.material = material;
  }

  /** As the source said, or else as the image of an API server says that is among the pods. */
  get server(): ServerProfile {
    const kind = this.origin?.server === "strongroom" ? "strongroom" : "kubernetes";
    return { kind, version: this.origin?.version || this.#version };
  }

  /**
   * Adds a fact. One that is there already with the same content is left out; one of the same name with other content
   * is kept beside it, since either may be what the cluster holds. Both are reported.
   */
  add(fact: Fact): void {
    const key = factKey(fact);
    const known = this.#byKey.get(key) ?? [];
    const first = known[0];
    if (first !== undefined) {
      const same = known.some((other) => contentOf(other) === contentOf(fact));
      const what = same ? "the same again" : "with other content; both are taken into account";
      this.report({ message: `${describe(fact)} is also at ${placeText(first.at)}, ${what}`, at: fact.at });
      if (same) return;
    }
    this.#put(key, known, fact);
  }

  /** Takes these facts, which have one kind, namespace and name, for all that there are; returns those before. */
  replace(place: FactPlace, facts: readonly Fact[]): readonly Fact[] {
    const key = factKey(place);
    const before = this.#byKey.get(key) ?? [];
    for (const fact of before) {
      if (isNameOnly(fact)) this.#namesOnly--;
      removeFrom(this.#facts, fact.kind, fact);
      removeFrom(this.#byNamespace, `${fact.kind}\n${fact.namespace}`, fact);
      this.#indexes.remove(fact);
    }
    this.#byKey.delete(key);
    for (const fact of facts) this.#put(key, this.#byKey.get(key) ?? [], fact);
    return before;
  }

  #put(key: string, known: readonly Fact[], fact: Fact): void {
    if (isNameOnly(fact)) this.#namesOnly++;
    this.#byKey.set(key, [...known, fact]);
    addTo(this.#facts, fact.kind, fact);
    addTo(this.#byNamespace, `${fact.kind}\n${fact.namespace}`, fact);
    this.#indexes.add(fact);
    const version = "references" in fact ? fact.traits?.apiServerVersion : undefined;
    if (version) this.#version ??= version;
  }

  /**
   * The same set with each fact as `change` returns it, undefined leaving it out, and with others added. What was read and
   * what is unknown stays what it was: a kind that `add` brings is no better known by it.
   */
  changed(change: (fact: Fact) => Fact | undefined, add: readonly Fact[] = []): FactSet {
    const copy = new FactSet(this.source, this.material);
    copy.origin = this.origin;
    copy.#version = this.#version;
    for (const facts of this.#facts.values()) {
      for (const fact of facts) {
        const next = change(fact);
        if (next !== undefined) copy.#insert(next);
      }
    }
    for (const fact of add) copy.#insert(fact);
    for (const kind of allKinds) {
      if (this.#isKnown(kind)) copy.#listed.add(kind);
      else if (copy.#isKnown(kind)) copy.addGap({ kind, namespace: "", reason: "level", message: onlyTheChange });
    }
    for (const gap of this.#gaps.values()) copy.addGap(gap);
    copy.#problems.push(...this.#problems);
    copy.#files = this.#files;
    copy.#otherObjects = this.#otherObjects;
    return copy;
  }

  #insert(fact: Fact): void {
    const key = factKey(fact);
    this.#put(key, this.#byKey.get(key) ?? [], fact);
  }

  /** A kind is known, however many objects of it there are. */
  markListed(kind: FactKind): void {
    this.#listed.add(kind);
  }

  /** Whether the source has the kind, whatever is missing of it. */
  isListed(kind: FactKind): boolean {
    return this.#isKnown(kind);
  }

  /** Something of a kind is unknown, whatever else is known of it. A gap of the same kind and namespace is replaced. */
  addGap(gap: CoverageGap): void {
    this.#gaps.set(gapKey(gap), gap);
  }

  closeGap(of: Pick<CoverageGap, "kind" | "namespace">): void {
    this.#gaps.delete(gapKey(of));
  }

  report(problem: Problem): void {
    this.#problems.push(problem);
  }

  /** What was seen in an object of a kind that is no fact. */
  addExamined(object: ExaminedObject): void {
    this.#examined.push(object);
  }

  /** Everything in which something was seen, facts and other objects. */
  *examined(): Generator<ExaminedObject> {
    for (const facts of this.#facts.values()) {
      for (const { kind, namespace, name, at, examined } of facts) {
        if (examined !== undefined) yield { kind, namespace, name, at, examined };
      }
    }
    yield* this.#examined;
  }

  get files(): number {
    return this.#files;
  }

  countFile(): void {
    this.#files++;
  }

  countOther(): void {
    this.#otherObjects++;
  }

  /** The facts of a kind in the order they were read. */
  of<Kind extends FactKind>(kind: Kind): readonly FactOf<Kind>[] {
    return (this.#facts.get(kind) ?? []) as FactOf<Kind>[]; // add() sorts by kind
  }

  inNamespace<Kind extends FactKind>(kind: Kind, namespace: string): readonly FactOf<Kind>[] {
    return (this.#byNamespace.get(`${kind}\n${namespace}`) ?? []) as FactOf<Kind>[]; // add() sorts by kind
  }

  /** Every fact. */
  *all(): Generator<Fact> {
    for (const facts of this.#facts.values()) yield* facts;
  }

  /** The facts of a name; several where the source has contradicting ones. */
  named(kind: FactKind, namespace: string, name: string): readonly Fact[] {
    return this.#byKey.get(factKey({ kind, namespace, name })) ?? [];
  }

  shared(fingerprint: string): ValuePlace | undefined {
    return this.#indexes.shared(fingerprint);
  }

  /** Where a value lies that is a credential in one of its places. */
  holding(fingerprint: string): readonly ValuePlace[] {
    return this.#indexes.holding(fingerprint);
  }

  running(image: string): readonly WorkloadFact[] {
    return this.#indexes.running(image);
  }

  /**
   * Whether nothing of a name means that there is nothing: only a source that has the kind, and no gap in the namespace,
   * can say that. Without a namespace, in none of them.
   */
  knows(kind: FactKind, namespace?: string): boolean {
    if (!this.#isKnown(kind)) return false;
    if (namespace !== undefined) return !this.#hasGap(kind, "") && !this.#hasGap(kind, namespace);
    for (const gap of this.#gaps.values()) if (gap.kind === kind && gap.reason !== "partial") return false;
    return true;
  }

  #isKnown(kind: FactKind): boolean {
    // A name of a Secret in what refers to it does not say what others there are.
    if (this.#listed.has(kind) || this.of(kind).length > (kind === "Secret" ? this.#namesOnly : 0)) return true;
    return !isBuiltIn(kind) && this.#hasNoDefinition(kind);
  }

  /** Where definitions of kinds are known, and none is of this kind, there is nothing of it. */
  #hasNoDefinition(kind: FactKind): boolean {
    const definitions = this.of("CustomResourceDefinition");
    if (definitions.length === 0 && !this.#listed.has("CustomResourceDefinition")) return false;
    return definitions.every(({ name }) => !isDefinedBy(kind, name));
  }

  /** Of a kind of which content is missing, there still is no more than is listed. */
  #hasGap(kind: FactKind, namespace: string): boolean {
    const gap = this.#gaps.get(gapKey({ kind, namespace }));
    return gap !== undefined && gap.reason !== "partial";
  }

  get coverage(): Coverage {
    const known = allKinds.filter((kind) => this.#isKnown(kind));
    return {
      source: this.source,
      ...(this.origin !== undefined && { origin: this.origin }),
      files: this.#files,
      objects: Object.fromEntries(known.map((kind) => [kind, this.of(kind).length])),
      unknown: allKinds.filter((kind) => !this.#isKnown(kind)),
      gaps: [...this.#gaps.values()],
      otherObjects: this.#otherObjects,
      problems: [...this.#problems],
      ...(this.verified !== undefined && { verified: this.verified }),
    };
  }
}

const onlyTheChange = "the source has none of it, only what was added to it";

/** What tells an object from all others. */
export type FactPlace = Pick<Fact, "kind" | "namespace" | "name">;

export function factKey({ kind, namespace, name }: FactPlace): string {
  return `${kind}\n${namespace}\n${name}`;
}

function addTo<Key>(lists: Map<Key, Fact[]>, key: Key, fact: Fact): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [fact]);
  else list.push(fact);
}

function removeFrom<Key>(lists: Map<Key, Fact[]>, key: Key, fact: Fact): void {
  const list = lists.get(key) ?? [];
  const place = list.indexOf(fact);
  if (place >= 0) list.splice(place, 1);
  if (list.length === 0) lists.delete(key);
}

function isNameOnly(fact: Fact): boolean {
  return fact.kind === "Secret" && fact.seen === "name";
}

function describe({ kind, namespace, name }: Fact): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
}

/** All but the places, with maps in the order of their keys. */
function contentOf(fact: Fact): string {
  return JSON.stringify(fact, (name, value: unknown) => {
    if (name === "at") return undefined;
    return value instanceof Map ? [...value].sort() : value;
  });
}
