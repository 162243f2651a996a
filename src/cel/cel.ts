/**
 * The Common Expression Language, for conditions in policies: what an expression may use is checked when it is compiled,
 * regular expressions run in linear time, and an evaluation that costs too much ends.
 *
 * The library is loaded with the first expression: it takes a tenth of a second and 26 MB.
 *
 * Source: github.com/google/cel-spec doc/langdef.md; for names and texts cel-go and apiserver pkg/cel.
 */
import { StrongroomError } from "../errors/strongroom-error.ts";
import { compileTree } from "./expression-tree.ts";
import { costFunctions, costNames } from "./cost-functions.ts";
import { spending } from "./spending.ts";
import { textFunctions } from "./text-functions.ts";
import { isInNetwork } from "./networks.ts";
import { inputOf, plainOf } from "./cel-values.ts";
import type { CelInputs, PlainValue } from "./cel-values.ts";

/** Most characters of an expression. */
export const expressionLengthMax = 16_384;
/** Most steps of one evaluation by default: an element of a comprehension, or 10 characters a regular expression reads. */
export const costMaxDefault = 100_000;

export interface CelProgram {
  /** The names of variables that the expression uses. */
  readonly uses: ReadonlySet<string>;
  /** The fields of variables that it names, as `variable.field`. */
  readonly selects: ReadonlySet<string>;
  /** The names of variables that it uses otherwise than by naming one of their fields: any of them may count. */
  readonly wholes: ReadonlySet<string>;
  /**
   * The result for the variables' values, as JSON has it. Raises `invalid` with the reason when there is none: an error of
   * the expression, or a cost of more than `costMax` steps. `onCost` is told what it cost, also then. Objects among the
   * values must not be changed afterwards.
   */
  evaluate(variables: CelInputs, costMax?: number, onCost?: (steps: number) => void): PlainValue;
}

export interface CelCompiler {
  /**
   * @param variables the names that the expression may use besides those it makes itself
   * @throws StrongroomError `invalid`: what cannot be parsed, or names an unknown variable or function
   */
  compile(expression: string, variables: ReadonlySet<string>): CelProgram;
}

let loading: Promise<CelCompiler> | undefined;

/** Loads the language; later calls resolve at once. */
export function loadCel(): Promise<CelCompiler> {
  loading ??= load();
  return loading;
}

async function load(): Promise<CelCompiler> {
  const [cel, { timestampFromDate }, { strings }, { RE2JS }] = await Promise.all([
    import("@bufbuild/cel"),
    import("@bufbuild/protobuf/wkt"),
    import("@bufbuild/cel/ext"),
    import("@bufbuild/re2"),
  ]);
  const budget = spending(RE2JS, cel);
  const { BOOL, STRING } = cel.CelScalar;
  const own = [...textFunctions(cel, budget), ...costFunctions(cel, budget)];
  const replaced = new Set(own.map(({ name }) => name));
  const env = cel.celEnv({
    funcs: [
      ...strings.filter(({ name }) => !replaced.has(name)),
      ...own,
      cel.celFunc("inCIDR", [STRING, STRING], BOOL, isInNetwork),
    ],
    re2: budget.re2,
  });
  return {
    compile(expression, variables) {
      if (expression.length > expressionLengthMax) {
        throw new StrongroomError("invalid", `an expression must have at most ${expressionLengthMax} characters`);
      }
      const isFunction = (name: string) => env.funcs.find(name) !== undefined;
      const { tree, uses, selects, wholes } = compileTree(() => cel.parse(expression), {
        variables,
        isFunction,
        costs: costNames,
      });
      const run = cel.plan(env, tree);
      return {
        uses,
        selects,
        wholes,
        evaluate(inputs, costMax = costMaxDefault, onCost = () => {}) {
          const bindings = Object.fromEntries(
            [...uses].map((name) => [name, inputOf(inputs[name], timestampFromDate)]),
          );
          const told = <T>(evaluation: () => T): T => {
            try {
              return evaluation();
            } finally {
              onCost(budget.spent());
            }
          };
          return resultOf(() => {
            const result = told(() =>
              budget.within(costMax, () => {
                const found = run(bindings);
                // What is made of it costs too.
                return cel.isCelError(found) ? found : budget.content(found);
              }),
            );
            if (cel.isCelError(result)) throw new StrongroomError("invalid", result.message);
            return plainOf(cel, result);
          });
        },
      };
    },
  };
}

/** Raises `invalid` also for a value that is too deep, or a text that is too long, for the machine. */
function resultOf(evaluate: () => PlainValue): PlainValue {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StrongroomError("invalid", `the expression takes more than there is: ${error.message}`, { cause: error });
  }
}
