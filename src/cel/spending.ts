/**
 * What an evaluation costs. Evaluations are synchronous, so that one counter serves them all.
 */
import type { CelValue, celEnv } from "@bufbuild/cel";
import type { RE2JS } from "@bufbuild/re2";
import { StrongroomError } from "../errors/strongroom-error.ts";

/** A regular expression reads so many characters in the time of one step. */
const charactersPerStep = 10;
/** Other functions read or copy so many, or so many elements of a list. */
const copiedPerStep = 100;
/** Most characters of a pattern. */
const patternLengthMax = 1000;
/** Compiled patterns that are kept: those in expressions are few, those made of data are not worth it. */
const patternsMax = 500;

/** The text of the error. */
const tooMuch = "the expression costs more than is allowed";

type RegularExpressions = NonNullable<NonNullable<Parameters<typeof celEnv>[0]>["re2"]>;

/** The part of the library that tells values apart. */
type Kinds = Pick<typeof import("@bufbuild/cel"), "isCelList" | "isCelMap">;

export interface Spending {
  readonly step: () => boolean;
  /** Pays for the characters of a text, or the elements of a list, that are read or copied. */
  readonly size: (value: CelValue) => CelValue;
  /** The same with all that is in lists and maps. */
  readonly content: (value: CelValue) => CelValue;
  /** Pays for characters that are about to be made. */
  readonly characters: (count: number) => void;
  readonly re2: RegularExpressions;
  /** Runs an evaluation that may cost so many steps. What costs more has no result, whatever it came to. */
  within<T>(costMax: number, evaluate: () => T): T;
  /** What the last evaluation cost, at least a step. */
  spent(): number;
}

export function spending(engine: typeof RE2JS, kinds: Kinds): Spending {
  let [left, allowed] = [0, 0];
  const requireLeft = (): void => {
    if (left < 0) throw new StrongroomError("invalid", tooMuch);
  };
  const spend = (steps: number): void => {
    left -= steps;
    requireLeft();
  };
  const size = (value: CelValue): CelValue => {
    if (typeof value === "string") spend(value.length / copiedPerStep);
    else if (kinds.isCelList(value)) spend(value.size / copiedPerStep);
    return value;
  };
  const content = (value: CelValue): CelValue => {
    spend(1 / copiedPerStep);
    size(value);
    if (kinds.isCelList(value)) for (const item of value) content(item);
    else if (kinds.isCelMap(value)) {
      for (const [key, item] of value) {
        size(key);
        content(item);
      }
    }
    return value;
  };
  const compiled = new Map<string, ReturnType<typeof RE2JS.compile>>();
  const compile = (pattern: string) => {
    if (pattern.length > patternLengthMax)
      throw new Error(`a pattern must have at most ${patternLengthMax} characters`);
    const known = compiled.get(pattern);
    if (known !== undefined) return known;
    spend(pattern.length);
    const made = engine.compile(pattern);
    if (compiled.size >= patternsMax) compiled.clear();
    compiled.set(pattern, made);
    return made;
  };
  return {
    step() {
      spend(1);
      return true;
    },
    spent: () => Math.max(1, allowed - left),
    size,
    content,
    characters: (count) => spend(count / copiedPerStep),
    re2: {
      compile(pattern: string) {
        const regex = compile(pattern);
        return {
          test(text: string) {
            spend(Math.ceil(text.length / charactersPerStep));
            return regex.test(text);
          },
        };
      },
    },
    within(costMax, evaluate) {
      left = allowed = costMax;
      const result = evaluate();
      requireLeft();
      return result;
    },
  };
}
