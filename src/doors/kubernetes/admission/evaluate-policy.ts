/**
 * What the expressions of a policy say of a change.
 * Source: apiserver pkg/admission/plugin/policy/validating/validator.go.
 */
import type { CelInputs, PlainValue } from "../../../cel/cel-values.ts";
import { costMaxDefault } from "../../../cel/cel.ts";
import type { CelProgram } from "../../../cel/cel.ts";
import { StrongroomError, isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { PolicyPrograms, ValidationProgram } from "./policy-programs.ts";

export interface EvaluatedChange {
  readonly object: PlainValue;
  readonly oldObject: PlainValue;
  readonly namespaceObject: PlainValue;
  readonly request: PlainValue;
  /** Absent when the policy has none. */
  readonly params?: PlainValue;
}

export interface PolicyFailure {
  readonly message: string;
  readonly reason: ValidationProgram["reason"];
  /** Of the validation. */
  readonly index: number;
  /** It could not be evaluated, rather than being false. */
  readonly isError: boolean;
}

export interface Evaluated {
  readonly failures: readonly PolicyFailure[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
}

/** What the expressions of a policy may cost together, for one binding of it and all its parameters. */
export class CostAllowance {
  #left = costOfBindingMax;

  /** Raises `invalid` when nothing is left. */
  evaluate(program: CelProgram, inputs: CelInputs): PlainValue {
    const costMax = Math.min(costMaxDefault, this.#left);
    if (costMax <= 0) throw new StrongroomError("invalid", outOfCost);
    try {
      return program.evaluate(inputs, costMax, (steps) => (this.#left -= steps));
    } catch (error) {
      if (this.#left > 0 || costMax === costMaxDefault) throw error;
      throw new StrongroomError("invalid", outOfCost, { cause: error });
    }
  }
}

const costOfBindingMax = 10 * costMaxDefault;
const outOfCost = "validation failed due to running out of cost budget, no further validation rules will be run";

/** Longest message that an expression may make, and value of an annotation. */
const messageLengthMax = 5 * 1024;
const annotationLengthMax = 10 * 1024;

export function evaluatePolicy(
  programs: PolicyPrograms,
  change: EvaluatedChange,
  allowance = new CostAllowance(),
): Evaluated {
  const evaluation = new Evaluation(change, allowance);
  for (const { name, program } of programs.matchConditions) {
    const met = evaluation.of(program);
    if (met.error !== undefined) {
      return { failures: [failed(`matchCondition '${name}': ${met.error}`, -1)], annotations: [] };
    }
    if (met.value !== true) return { failures: [], annotations: [] };
  }
  evaluation.define(programs.variables);
  const failures = programs.validations.flatMap((validation, index) => {
    const result = evaluation.of(validation.program);
    if (result.error !== undefined)
      return [failed(`expression '${validation.expression}' resulted in error: ${result.error}`, index)];
    if (result.value === true) return [];
    const { reason } = validation;
    return [{ message: messageOf(validation, evaluation), reason, index, isError: false }];
  });
  const annotations: { key: string; value: string }[] = [];
  for (const { key, expression, program } of programs.auditAnnotations) {
    const { value, error } = evaluation.of(program);
    if (error !== undefined) failures.push(failed(`expression '${expression}' resulted in error: ${error}`, -1));
    else if (typeof value === "string") {
      if (value.trim() !== "") annotations.push({ key, value: value.trim().slice(0, annotationLengthMax) });
    } else if (value !== null) {
      const why = "resulted in unsupported return type. Return type must be either string or null.";
      failures.push(failed(`valueExpression '${expression}' ${why}`, -1));
    }
  }
  return { failures, annotations };
}

function failed(message: string, index: number): PolicyFailure {
  return { message, reason: "Invalid", index, isError: true };
}

function messageOf({ expression, message, messageProgram }: ValidationProgram, evaluation: Evaluation): string {
  const made = messageProgram === undefined ? undefined : evaluation.of(messageProgram).value;
  const text = typeof made === "string" ? made.trim() : "";
  if (text !== "" && text.length <= messageLengthMax && !text.includes("\n")) return text;
  return message === "" ? `failed expression: ${expression}` : message;
}

interface Result {
  readonly value?: PlainValue;
  readonly error?: string;
}

class Evaluation {
  readonly #change: EvaluatedChange;
  readonly #allowance: CostAllowance;
  readonly #variables: Record<string, PlainValue> = Object.create(null) as Record<string, PlainValue>;
  readonly #broken = new Map<string, string>();

  constructor(change: EvaluatedChange, allowance: CostAllowance) {
    this.#change = change;
    this.#allowance = allowance;
  }

  /** Each may use those before it. One that cannot be evaluated is missing, which whoever uses it is told. */
  define(variables: PolicyPrograms["variables"]): void {
    for (const { name, program } of variables) {
      const { value, error } = this.of(program);
      if (error === undefined) this.#variables[name] = value ?? null;
      else this.#broken.set(name, error);
    }
  }

  of(program: CelProgram): Result {
    try {
      // A copy: more variables are defined later.
      const variables = program.uses.has("variables") ? { ...this.#variables } : null;
      return { value: this.#allowance.evaluate(program, { ...this.#change, variables }) };
    } catch (error) {
      if (!isStrongroomError(error, "invalid")) throw error;
      const [[name, why] = ["", ""]] = this.#broken;
      const usesBroken = program.uses.has("variables") && name !== "";
      return { error: usesBroken ? `composited variable "${name}" fails to evaluate: ${why}` : error.message };
    }
  }
}
