/** Facts whose readers are noted, to be told of changes. */
import { factKey } from "../facts/fact-set.ts";
import type { FactPlace, FactReader, SourceType } from "../facts/fact-set.ts";
import { holdingKey, runningKey } from "../facts/fact-indexes.ts";
import type { ValuePlace } from "../facts/fact-indexes.ts";
import type { Fact, FactKind, FactOf, WorkloadFact } from "../facts/facts.ts";
import type { ServerProfile } from "../facts/server-profile.ts";
import type { Dependencies } from "./dependencies.ts";

export class TrackedFacts implements FactReader {
  readonly #facts: FactReader;
  readonly #dependencies: Dependencies;

  constructor(facts: FactReader, dependencies: Dependencies) {
    this.#facts = facts;
    this.#dependencies = dependencies;
  }

  get source(): SourceType {
    return this.#facts.source;
  }

  /** Not followed: a server of another version is another server. */
  get server(): ServerProfile {
    return this.#facts.server;
  }

  shared(fingerprint: string): ValuePlace | undefined {
    this.#dependencies.note(holdingKey(fingerprint));
    return this.#facts.shared(fingerprint);
  }

  running(image: string): readonly WorkloadFact[] {
    this.#dependencies.note(runningKey(image));
    return this.#facts.running(image);
  }

  of<Kind extends FactKind>(kind: Kind): readonly FactOf<Kind>[] {
    this.#dependencies.note(kind);
    return this.#facts.of(kind);
  }

  inNamespace<Kind extends FactKind>(kind: Kind, namespace: string): readonly FactOf<Kind>[] {
    this.#dependencies.note(`${kind}\n${namespace}`);
    return this.#facts.inNamespace(kind, namespace);
  }

  named(kind: FactKind, namespace: string, name: string): readonly Fact[] {
    this.#dependencies.note(factKey({ kind, namespace, name }));
    return this.#facts.named(kind, namespace, name);
  }

  knows(kind: FactKind, namespace?: string): boolean {
    this.#dependencies.note(knownKey(kind));
    return this.#facts.knows(kind, namespace);
  }
}

/** The key under which it is read whether a kind is known. */
export function knownKey(kind: FactKind): string {
  return `known\n${kind}`;
}

/** The keys under which an object is read. */
export function keysOf(place: FactPlace): readonly string[] {
  return [place.kind, `${place.kind}\n${place.namespace}`, factKey(place)];
}
