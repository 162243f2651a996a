/**
 * Finds words of a fixed set in a text, whatever their case, in one pass: the automaton of Aho and Corasick ("Efficient
 * string matching", 1975) with every transition written out, so that the time is linear whatever the text is.
 */

/** Called for each word found: which one, and where it begins. Answers whether to go on. */
export type OnKeyword = (keyword: number, start: number) => boolean;

export class KeywordSearch {
  readonly #words: readonly string[];
  /** By code below 128; 0 for what is in no word. */
  readonly #classes = new Uint8Array(128);
  readonly #classCount: number;
  readonly #next: Int32Array;
  /** For each state, the words that end there. */
  readonly #found: readonly (readonly number[])[];

  /** The words must be ASCII in lower case, none of them empty. */
  constructor(words: readonly string[]) {
    this.#words = words;
    let classes = 1;
    for (const code of words.join("").split("").map(codeOf)) {
      if (this.#classes[code] === 0) this.#classes[code] = classes++;
    }
    for (let code = 65; code <= 90; code++) this.#classes[code] = this.#classes[code + 32] ?? 0;
    this.#classCount = classes;
    const { next, found } = this.#build();
    this.#next = next;
    this.#found = found;
  }

  /** Every word in the text, also where words overlap, in the order of their ends. */
  search(text: string, onKeyword: OnKeyword): void {
    const [next, classes, count] = [this.#next, this.#classes, this.#classCount];
    let state = 0;
    for (let place = 0; place < text.length; place++) {
      const code = text.charCodeAt(place);
      state = next[state * count + (code < 128 ? classes[code]! : 0)]!; // both tables are complete
      const found = this.#found[state]!;
      for (let each = 0; each < found.length; each++) {
        const word = found[each]!;
        if (!onKeyword(word, place + 1 - this.#words[word]!.length)) return;
      }
    }
  }

  #build(): { readonly next: Int32Array; readonly found: readonly (readonly number[])[] } {
    const count = this.#classCount;
    const next: number[] = Array.from({ length: count }, () => -1);
    const found: number[][] = [[]];
    for (const [number, word] of this.#words.entries()) {
      let state = 0;
      for (const letter of word) {
        const place = state * count + this.#classes[codeOf(letter)]!;
        if (next[place]! < 0) {
          next[place] = found.length;
          found.push([]);
          for (let each = 0; each < count; each++) next.push(-1);
        }
        state = next[place]!;
      }
      found[state]!.push(number);
    }
    complete(next, found, count);
    return { next: Int32Array.from(next), found };
  }
}

function codeOf(letter: string): number {
  const code = letter.charCodeAt(0);
  if (code >= 128 || (code >= 65 && code <= 90)) throw new RangeError("words must be ASCII in lower case");
  return code;
}

/** Writes in where each state goes on when its own word does not, level by level. */
function complete(next: number[], found: number[][], count: number): void {
  const fallback = new Int32Array(found.length);
  const queue: number[] = [];
  for (let each = 0; each < count; each++) {
    if (next[each]! < 0) next[each] = 0;
    else queue.push(next[each]!);
  }
  for (const state of queue) {
    const back = fallback[state]!;
    found[state]!.push(...found[back]!);
    for (let each = 0; each < count; each++) {
      const place = state * count + each;
      const other = next[back * count + each]!;
      if (next[place]! < 0) next[place] = other;
      else {
        fallback[next[place]!] = other;
        queue.push(next[place]!);
      }
    }
  }
}
