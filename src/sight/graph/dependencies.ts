/**
 * What was derived from what, so that a change makes anew only what it concerns.
 *
 * Whoever derives something notes each thing it reads under a key; when something of a key changes, all that read it is
 * told. That nothing of a key is there is read as well.
 */

/** Something that was derived, and is told when it may no longer hold. */
export interface Derivation {
  /** The keys of what it read. */
  reads: readonly string[];
  invalidate(): void;
}

export class Dependencies {
  readonly #readers = new Map<string, Set<Derivation>>();
  readonly #drops = new Map<string, () => void>();
  #reading: Set<string> | undefined;

  /** How many keys are read. */
  get size(): number {
    return this.#readers.size;
  }

  /** What is being derived reads what has this key. */
  note(key: string): void {
    this.#reading?.add(key);
  }

  /** Runs `derive` and keeps what it read. May be nested: what the inner one read is not the outer one's. */
  run<Result>(derivation: Derivation, derive: () => Result): Result {
    const outer = this.#reading;
    const reading = new Set<string>();
    this.#reading = reading;
    try {
      return derive();
    } finally {
      this.#reading = outer;
      const before = derivation.reads;
      derivation.reads = [...reading];
      for (const key of reading) this.#readersOf(key).add(derivation);
      for (const key of before) if (!reading.has(key)) this.#removeReader(key, derivation);
    }
  }

  /** It no longer depends on anything. */
  forget(derivation: Derivation): void {
    const before = derivation.reads;
    derivation.reads = [];
    for (const key of before) this.#removeReader(key, derivation);
  }

  /** Calls `drop` once, when nobody reads what has the key any more. */
  whenUnread(key: string, drop: () => void): void {
    this.#drops.set(key, drop);
  }

  #readersOf(key: string): Set<Derivation> {
    const known = this.#readers.get(key);
    if (known !== undefined) return known;
    const readers = new Set<Derivation>();
    this.#readers.set(key, readers);
    return readers;
  }

  #removeReader(key: string, derivation: Derivation): void {
    const readers = this.#readers.get(key);
    readers?.delete(derivation);
    if (readers === undefined || readers.size > 0) return;
    this.#readers.delete(key);
    const drop = this.#drops.get(key);
    this.#drops.delete(key);
    drop?.();
  }

  /** Tells everything that read what has the key. */
  changed(key: string): void {
    for (const reader of this.#readers.get(key) ?? []) reader.invalidate();
  }
}

/** Values that are worked out once, and again when what they were worked out from changes; kept while they are read. */
export class DerivedValues<Value> {
  readonly #dependencies: Dependencies;
  readonly #values = new Map<string, Value>();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** The value of a key, by which it is also noted as read. */
  get(key: string, derive: () => Value): Value {
    this.#dependencies.note(key);
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const drop = () => {
      this.#dependencies.forget(derivation);
      this.#values.delete(key);
    };
    const invalidate = () => {
      drop();
      this.#dependencies.changed(key);
    };
    const derivation: Derivation = { reads: [], invalidate };
    this.#dependencies.whenUnread(key, drop);
    const value = this.#dependencies.run(derivation, derive);
    this.#values.set(key, value);
    return value;
  }
}
