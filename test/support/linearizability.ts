/**
 * Whether what clients saw of a register can have happened one after the other: each operation at some moment between its call and its
 * return. The search of Wing and Gong, with what Lowe added to it: of two ways that have done the same operations and come to the same state, one is
 * followed. Source: J. Wing, C. Gong, "Testing and Verifying Concurrent Objects", 1993; G. Lowe, "Testing for Linearizability", 2017.
 */

/** What a client did to one register, and what it was told; values are different for each write. */
export interface Operation {
  /** A count of calls and returns, in the order in which the clients saw them. */
  readonly called: number;
  /** Infinity where no answer came: it may have happened at any time since, or never. */
  readonly returned: number;
  readonly does: Action;
}

/** A register as it was told: `mod` is 0 where there is nothing. */
export interface Seen {
  readonly mod: number;
  readonly value: string;
}

export type Action =
  | { readonly type: "read"; readonly seen: Seen }
  /** Writes whatever is there; "" deletes. `mod` is undefined where no answer came. */
  | { readonly type: "put"; readonly value: string; readonly mod: number | undefined }
  /** Writes over what was seen before; "" deletes. */
  | { readonly type: "swap"; readonly over: Seen; readonly value: string; readonly answer: SwapAnswer | undefined };

export type SwapAnswer =
  | { readonly succeeded: true; readonly mod: number }
  | { readonly succeeded: false; readonly seen: Seen };

/** `mod` is undefined after a write that nobody was told of. */
interface State {
  readonly mod: number | undefined;
  readonly value: string;
}

const empty: State = { mod: 0, value: "" };

/** The state after an action that was told as it was; undefined when it cannot have been so. */
function after(state: State, { does, returned }: Operation): State | undefined {
  switch (does.type) {
    case "read":
      return told(state, does.seen);
    case "put":
      return written(state, does.value, does.mod);
    case "swap": {
      const held = told(state, does.over);
      const { answer } = does;
      if (answer === undefined || returned === Infinity) return held && written(held, does.value, undefined);
      if (answer.succeeded) return held && written(held, does.value, answer.mod);
      const seen = told(state, answer.seen);
      // It was not what the swap was to be over, or the swap would have succeeded.
      return seen !== undefined && seen.mod !== does.over.mod ? seen : undefined;
    }
    default:
      return does satisfies never;
  }
}

/** The state as somebody was told of it: what is told of a write that was not answered says when it was. */
function told(state: State, seen: Seen): State | undefined {
  if (state.value !== seen.value) return undefined;
  return state.mod === undefined || state.mod === seen.mod ? seen : undefined;
}

/** Revisions only rise. What is deleted has none. */
function written(state: State, value: string, mod: number | undefined): State | undefined {
  if (mod !== undefined && state.mod !== undefined && mod <= state.mod) return undefined;
  return value === "" ? empty : { mod, value };
}

/** A search that goes on for longer than this has said nothing. */
const stepsMax = 2_000_000;

/** Whether there is an order. Raises RangeError when it was not found out. */
export function isLinearizable(history: readonly Operation[]): boolean {
  const operations = history.toSorted((one, other) => one.called - other.called);
  return new Search(operations).run();
}

/** A choice that was made: which operation came next, and where the search for another one goes on. */
interface Choice {
  readonly index: number;
  readonly before: State;
}

class Search {
  readonly #operations: readonly Operation[];
  readonly #done: boolean[];
  readonly #known = new Set<string>();
  readonly #choices: Choice[] = [];
  #first = 0;
  #state: State = empty;
  #left: number;

  constructor(operations: readonly Operation[]) {
    this.#operations = operations;
    this.#done = operations.map(() => false);
    this.#left = operations.filter(({ returned }) => returned < Infinity).length;
  }

  run(): boolean {
    let from = 0;
    for (let steps = 0; this.#left > 0; steps++) {
      if (steps > stepsMax) throw new RangeError(`the history must be decided in ${stepsMax} steps`);
      const next = this.#next(from);
      if (next !== undefined) {
        this.#choose(next.index, next.state);
        from = this.#first;
        continue;
      }
      const last = this.#choices.pop();
      if (last === undefined) return false;
      this.#takeBack(last);
      from = last.index + 1;
    }
    return true;
  }

  /** The first operation from `from` on that can come next and leads to where the search has not been. */
  #next(from: number): { readonly index: number; readonly state: State } | undefined {
    // What was called after another one had returned comes after that.
    let returnsFirst = Infinity;
    for (let index = this.#first; index < this.#operations.length; index++) {
      const operation = this.#operations[index];
      if (operation === undefined || operation.called > returnsFirst) return undefined;
      if (this.#done[index] === true) continue;
      returnsFirst = Math.min(returnsFirst, operation.returned);
      if (index < from) continue;
      const state = after(this.#state, operation);
      if (state !== undefined && this.#isNew(index, state)) return { index, state };
    }
    return undefined;
  }

  /** Which operations are done is said by the first that is not, and those behind it that are. */
  #isNew(index: number, { mod, value }: State): boolean {
    let first = this.#first;
    while (first === index || this.#done[first] === true) first++;
    const behind: number[] = [];
    for (let each = first; each < this.#operations.length && behind.length <= this.#choices.length; each++) {
      if (each === index || this.#done[each] === true) behind.push(each - first);
    }
    const key = `${first} ${behind.join()} ${mod} ${value}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }

  #choose(index: number, state: State): void {
    this.#choices.push({ index, before: this.#state });
    this.#done[index] = true;
    this.#state = state;
    if ((this.#operations[index]?.returned ?? 0) < Infinity) this.#left--;
    while (this.#done[this.#first] === true) this.#first++;
  }

  #takeBack({ index, before }: Choice): void {
    this.#done[index] = false;
    this.#state = before;
    if ((this.#operations[index]?.returned ?? 0) < Infinity) this.#left++;
    this.#first = Math.min(this.#first, index);
  }
}
