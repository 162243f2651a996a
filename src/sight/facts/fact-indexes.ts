/** What facts have in common with others: values, and images that are known controllers. */
import type { Fact, WorkloadFact } from "./facts.ts";
import type { MaterialMark } from "./secret-material.ts";

/** An object in which a value lies that lies in another as well. */
export interface ValuePlace {
  readonly fact: Fact;
  /** The name of a key, or the path of a field. */
  readonly field: string;
}

/** Images by which controllers are known that have a part in who reads what. */
const knownImages: ReadonlySet<string> = new Set([
  "kustomize-controller",
  "helm-controller",
  "argocd",
  "velero",
  "kyverno",
  "background-controller",
  "crossplane",
  "provider-kubernetes",
  "olm",
  "external-secrets",
  "kubernetes-reflector",
  "kubernetes-replicator",
  "cert-manager-controller",
]);

/** The places of one value. */
interface Holding {
  readonly places: ValuePlace[];
  /** How many of them are credentials by their form or their name. */
  credentials: number;
  /** By the order of names; undefined until it is asked for. */
  first: ValuePlace | undefined;
}

export class FactIndexes {
  readonly #values = new Map<string, Holding>();
  readonly #images = new Map<string, WorkloadFact[]>();

  add(fact: Fact): void {
    for (const mark of valuesOf(fact)) {
      const known = this.#values.get(mark.fingerprint) ?? { places: [], credentials: 0, first: undefined };
      this.#values.set(mark.fingerprint, known);
      known.places.push({ fact, field: mark.name });
      if (mark.credential !== undefined) known.credentials++;
      known.first = undefined;
    }
    if ("references" in fact) for (const image of imagesOf(fact)) addTo(this.#images, image, fact);
  }

  remove(fact: Fact): void {
    for (const { fingerprint, credential } of valuesOf(fact)) {
      const known = this.#values.get(fingerprint);
      if (known === undefined) continue;
      const place = known.places.findIndex((each) => each.fact === fact);
      if (place >= 0) known.places.splice(place, 1);
      if (credential !== undefined) known.credentials--;
      known.first = undefined;
      if (known.places.length === 0) this.#values.delete(fingerprint);
    }
    if ("references" in fact) for (const image of imagesOf(fact)) removeFrom(this.#images, image, fact);
  }

  /** Where a value lies that is a credential in one of its places. */
  holding(fingerprint: string): readonly ValuePlace[] {
    const known = this.#values.get(fingerprint);
    return known === undefined || known.credentials === 0 ? [] : known.places;
  }

  /** The first of the places of a value, in the order of names, if it lies in several. */
  shared(fingerprint: string): ValuePlace | undefined {
    const known = this.#values.get(fingerprint);
    if (known === undefined || known.credentials === 0 || known.places.length < 2) return undefined;
    known.first ??= known.places.reduce((first, place) => (placeKey(place) < placeKey(first) ? place : first));
    return known.first;
  }

  running(image: string): readonly WorkloadFact[] {
    return this.#images.get(image) ?? [];
  }
}

/** The keys under which it is read what a fact has in common with others. */
export function indexKeysOf(fact: Fact): string[] {
  return [
    ...valuesOf(fact).map(({ fingerprint }) => holdingKey(fingerprint)),
    ...("references" in fact ? imagesOf(fact).map(runningKey) : []),
  ];
}

export function holdingKey(fingerprint: string): string {
  return `holding\n${fingerprint}`;
}

export function runningKey(image: string): string {
  return `running\n${image}`;
}

/**
 * The values of a fact that are compared with others: in Secrets all, elsewhere those that are credentials. A value
 * counts when it is a credential by its form or its name in one of its places.
 */
export function valuesOf(fact: Fact): MaterialMark[] {
  return marksOf(fact).filter(({ fingerprint }) => fingerprint !== "");
}

/** What was looked at in a fact, and may say whose it is. */
export function marksOf(fact: Fact): readonly MaterialMark[] {
  if ("literals" in fact) return fact.literals;
  if ("references" in fact) return fact.traits?.literals ?? [];
  if (fact.kind !== "Secret") return [];
  return (fact.values ?? []).map(({ fingerprint, credential, identity }, index) => {
    return { name: `data[${JSON.stringify(fact.keys[index] ?? "")}]`, fingerprint, credential, identity };
  });
}

function imagesOf({ traits }: WorkloadFact): string[] {
  return (traits?.images ?? []).filter((image) => knownImages.has(image));
}

function placeKey({ fact: { kind, namespace, name }, field }: ValuePlace): string {
  return `${kind}\n${namespace}\n${name}\n${field}`;
}

function addTo<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function removeFrom<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const left = (lists.get(key) ?? []).filter((each) => each !== item);
  if (left.length === 0) lists.delete(key);
  else lists.set(key, left);
}
