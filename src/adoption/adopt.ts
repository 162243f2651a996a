/**
 * Copies the Secrets of a cluster's etcd to the etcd door, and looks whether they are the same. The etcd is only read.
 *
 * It may be broken off and repeated at any time, while the cluster writes on: the door remembers of which revision a copy is, and
 * keeps what was changed there (see doors/etcd/rpc/adoption.ts).
 */
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { EtcdReader } from "../etcd-client/etcd-reader.ts";
import { formText, StoredForms } from "../encryption-audit/stored-form.ts";
import { isSame, keyText, pairsOf } from "./compare-sides.ts";
import type { Pair } from "./compare-sides.ts";
import type { DoorClient } from "./door-client.ts";
import { InFlight } from "./in-flight.ts";

/**
 * So far above the etcd's revision the door goes on: clients remember the highest that they were told, and the etcd goes on until
 * the API servers are told of the door. A hundred writes a second take a day to come so far; each run begins anew.
 */
export const revisionMargin = 10_000_000;

/** Copies under way at a time. */
const copiesMax = 16;
/** How often it is looked whether all is the same, while a cluster writes on. */
const passesMax = 5;

export interface Sides {
  /** The cluster's own etcd. */
  readonly etcd: EtcdReader;
  /** The etcd door as an etcd, for reading. */
  readonly door: EtcdReader;
  readonly client: Pick<DoorClient, "goOnAbove" | "put" | "forget" | "isCopy">;
  /** The API server's `--etcd-prefix`. */
  readonly prefix: string;
}

/** How the two sides stand. */
export interface Comparison {
  /** How many the cluster's etcd has. */
  readonly there: number;
  readonly here: number;
  readonly same: number;
  /** Keys that only the etcd has. */
  readonly missing: readonly string[];
  /** Keys with other values here. */
  readonly different: readonly string[];
  /** Keys that only the door has. */
  readonly onlyHere: readonly string[];
  /** How many values the etcd has in which form. */
  readonly forms: ReadonlyMap<string, number>;
  /** The revision at which the etcd was read. */
  readonly revision: number;
}

export interface Adopted {
  /** What was done, over all passes. */
  readonly created: number;
  readonly updated: number;
  readonly removed: number;
  /** The revision that the door has gone on at. */
  readonly doorRevision: number;
  /** How the sides stand after it. */
  readonly comparison: Comparison;
}

export async function compareSides(sides: Pick<Sides, "etcd" | "door" | "prefix">): Promise<Comparison> {
  const counted = new Counted();
  for await (const pair of pairs(sides)) counted.add(pair);
  return counted.result(sides.etcd.revisions.first);
}

/** Copies until a pass finds nothing to do, or so often that the cluster is faster. Raises `denied`, `unavailable`, `invalid`, also for an etcd without secrets where there are copies of some. */
export async function adoptSecrets(sides: Sides, onPass: (copied: number) => void = () => {}): Promise<Adopted> {
  const done = { created: 0, updated: 0, removed: 0 };
  let doorRevision = 0;
  for (let pass = 0; ; pass++) {
    const counted = new Counted();
    const changes = new InFlight(copiesMax);
    const before = done.created + done.updated + done.removed;
    const gone: Pair[] = [];
    for await (const pair of pairs(sides)) {
      // What is copied has a later revision than what clients were told by the etcd.
      if (doorRevision === 0) doorRevision = await sides.client.goOnAbove(sides.etcd.revisions.first + revisionMargin);
      counted.add(pair);
      if (isSame(pair)) continue;
      if (pair.there === undefined) gone.push(withoutValues(pair));
      else await changes.start(async () => count(done, await copy(sides, pair)));
    }
    if (gone.length > 0) requireSecrets(counted.result(sides.etcd.revisions.first));
    for (const pair of gone) await changes.start(async () => count(done, await copy(sides, pair)));
    await changes.idle();
    const copied = done.created + done.updated + done.removed;
    onPass(copied);
    if (copied === before || pass === passesMax) {
      if (doorRevision === 0) doorRevision = await sides.client.goOnAbove(sides.etcd.revisions.first + revisionMargin);
      return { ...done, doorRevision, comparison: counted.result(sides.etcd.revisions.first) };
    }
  }
}

/** An etcd that has none is one that was emptied after a change to Strongroom, rebuilt, or another one: nothing is to follow it. */
function requireSecrets({ there }: Comparison): void {
  if (there > 0) return;
  throw new StrongroomError(
    "invalid",
    "the etcd must have secrets: after an empty one, all copies would be removed here",
  );
}

/** What is held until the whole etcd has been seen is a key. */
function withoutValues({ here }: Pair): Pair {
  return { there: undefined, here: here && { ...here, value: Buffer.alloc(0) } };
}

function pairs({ etcd, door, prefix }: Pick<Sides, "etcd" | "door" | "prefix">): AsyncGenerator<Pair> {
  const root = `${prefix}/secrets/`;
  return pairsOf(etcd.below(root), door.below(root));
}

async function copy({ client }: Sides, { there, here }: Pair) {
  if (there !== undefined) return client.put(there);
  return here === undefined ? "absent" : client.forget(here.key);
}

function count(done: { created: number; updated: number; removed: number }, outcome: Awaited<ReturnType<typeof copy>>) {
  if (outcome === "created" || outcome === "updated" || outcome === "removed") done[outcome] += 1;
}

class Counted {
  #there = 0;
  #here = 0;
  #same = 0;
  readonly #missing: string[] = [];
  readonly #different: string[] = [];
  readonly #onlyHere: string[] = [];
  readonly #counts = new Map<string, number>();
  readonly #forms = new StoredForms();

  add(pair: Pair): void {
    const { there, here } = pair;
    if (there !== undefined) {
      this.#there += 1;
      const form = formText(this.#forms.of(there.value));
      this.#counts.set(form, (this.#counts.get(form) ?? 0) + 1);
    }
    if (here !== undefined) this.#here += 1;
    if (isSame(pair)) this.#same += 1;
    else if (here === undefined) this.#missing.push(keyText(pair));
    else if (there === undefined) this.#onlyHere.push(keyText(pair));
    else this.#different.push(keyText(pair));
  }

  result(revision: number): Comparison {
    return {
      there: this.#there,
      here: this.#here,
      same: this.#same,
      missing: this.#missing,
      different: this.#different,
      onlyHere: this.#onlyHere,
      forms: this.#counts,
      revision,
    };
  }
}
