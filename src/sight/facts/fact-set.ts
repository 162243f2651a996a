/** The facts of one source, and what it says of its own limits. */
import { gapKey } from "./coverage-gap.ts";
import type { CoverageGap } from "./coverage-gap.ts";
import { factKinds } from "./facts.ts";
import type { Fact, FactKind, FactOf, Problem } from "./facts.ts";
import { placeText } from "./provenance.ts";
import { SecretMaterial } from "./secret-material.ts";

/**
 * A cluster is what it answers itself, a dump is meant to be a whole cluster; manifests are what somebody declares, beside
 * whatever else a cluster holds.
 */
export type SourceType = "cluster" | "dump" | "manifests";

/** What was read and what was not: what is unknown is never taken for absent. */
export interface Coverage {
  readonly source: SourceType;
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
}

export class FactSet {
  readonly source: SourceType;
  readonly material: SecretMaterial;
  readonly #facts = new Map<FactKind, Fact[]>();
  readonly #byKey = new Map<string, Fact[]>();
  readonly #listed = new Set<FactKind>();
  readonly #gaps = new Map<string, CoverageGap>();
  readonly #problems: Problem[] = [];
  #files = 0;
  #otherObjects = 0;

  /** Marks of texts are comparable within one set, or between sets that share `material`. */
  constructor(source: SourceType, material: SecretMaterial = new SecretMaterial()) {
    this.source = source;
    this.material = material;
  }

  /**
   * Adds a fact. One that is there already with the same content is left out; one of the same name with other content
   * is kept beside it, since either may be what the cluster holds. Both are reported.
   */
  add(fact: Fact): void {
    this.#listed.add(fact.kind);
    const key = keyOf(fact);
    const known = this.#byKey.get(key) ?? [];
    const first = known[0];
    if (first !== undefined) {
      const same = known.some((other) => contentOf(other) === contentOf(fact));
      const what = same ? "the same again" : "with other content; both are taken into account";
      this.report({ message: `${describe(fact)} is also at ${placeText(first.at)}, ${what}`, at: fact.at });
      if (same) return;
    }
    this.#byKey.set(key, [...known, fact]);
    const facts = this.#facts.get(fact.kind);
    if (facts === undefined) this.#facts.set(fact.kind, [fact]);
    else facts.push(fact);
  }

  /** A kind is known, however many objects of it there are. */
  markListed(kind: FactKind): void {
    this.#listed.add(kind);
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

  /** The facts of a name; several where the source has contradicting ones. */
  named(kind: FactKind, namespace: string, name: string): readonly Fact[] {
    return this.#byKey.get(keyOf({ kind, namespace, name })) ?? [];
  }

  /**
   * Whether nothing of a name means that there is nothing: only a source that has the kind, and no gap in the namespace,
   * can say that. Without a namespace, in none of them.
   */
  knows(kind: FactKind, namespace?: string): boolean {
    if (!this.#listed.has(kind)) return false;
    if (namespace !== undefined) return !this.#hasGap(kind, "") && !this.#hasGap(kind, namespace);
    for (const gap of this.#gaps.values()) if (gap.kind === kind) return false;
    return true;
  }

  #hasGap(kind: FactKind, namespace: string): boolean {
    return this.#gaps.has(gapKey({ kind, namespace }));
  }

  get coverage(): Coverage {
    const known = factKinds.filter((kind) => this.#listed.has(kind));
    return {
      source: this.source,
      files: this.#files,
      objects: Object.fromEntries(known.map((kind) => [kind, this.of(kind).length])),
      unknown: factKinds.filter((kind) => !this.#listed.has(kind)),
      gaps: [...this.#gaps.values()],
      otherObjects: this.#otherObjects,
      problems: [...this.#problems],
    };
  }
}

function keyOf({ kind, namespace, name }: Pick<Fact, "kind" | "namespace" | "name">): string {
  return `${kind}\n${namespace}\n${name}`;
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
