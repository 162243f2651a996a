/**
 * What an evaluation costs. Evaluations are synchronous, so that one counter serves them all.
 */
import type { celEnv } from "@bufbuild/cel";
import type { RE2JS } from "@bufbuild/re2";

/** A regular expression reads so many characters in the time of one step. */
const charactersPerStep = 10;
/** Most characters of a pattern. */
const patternLengthMax = 1000;
/** Compiled patterns that are kept: those in expressions are few, those made of data are not worth it. */
const patternsMax = 500;

type RegularExpressions = NonNullable<NonNullable<Parameters<typeof celEnv>[0]>["re2"]>;

export interface Spending {
  /** The name of the function that costs a step; no expression can spell it. */
  readonly stepFunction: string;
  readonly step: () => boolean;
  readonly re2: RegularExpressions;
  /** Runs an evaluation that may cost so many steps. */
  within<T>(costMax: number, evaluate: () => T): T;
}

export function spending(engine: typeof RE2JS): Spending {
  let left = 0;
  const spend = (steps: number): void => {
    left -= steps;
    if (left < 0) throw new Error("the expression costs more than is allowed");
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
    stepFunction: "@step",
    step() {
      spend(1);
      return true;
    },
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
      left = costMax;
      return evaluate();
    },
  };
}
