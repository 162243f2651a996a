/**
 * The expressions of a ValidatingAdmissionPolicy, compiled.
 *
 * Source: k/k pkg/apis/admissionregistration/validation/validation.go, apiserver pkg/admission/plugin/cel.
 */
import type { CelCompiler, CelProgram } from "../../../cel/cel.ts";
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import type { FieldError } from "../validation/field-error.ts";
import { invalid } from "../validation/field-error-constructors.ts";
import { objectField, objectsField, stringField } from "../validation/object-fields.ts";

export interface PolicyPrograms {
  readonly matchConditions: readonly { readonly name: string; readonly program: CelProgram }[];
  /** In the order in which each may use those before it. */
  readonly variables: readonly { readonly name: string; readonly program: CelProgram }[];
  readonly validations: readonly ValidationProgram[];
  readonly auditAnnotations: readonly {
    readonly key: string;
    readonly expression: string;
    readonly program: CelProgram;
  }[];
}

export interface ValidationProgram {
  readonly expression: string;
  readonly program: CelProgram;
  readonly message: string;
  readonly messageProgram: CelProgram | undefined;
  readonly reason: "Forbidden" | "Invalid" | "RequestEntityTooLarge";
}

const always = ["object", "oldObject", "request", "namespaceObject"];

/** Compiles everything; `errors` tell what cannot be, by field. */
export function compilePolicy(
  policy: Readonly<JsonObject>,
  cel: CelCompiler,
): { readonly programs: PolicyPrograms; readonly errors: readonly FieldError[] } {
  const spec = objectField(policy, "spec");
  const compile = new Compilation(cel);
  const plain = [...always, ...(isJsonObject(spec["paramKind"]) ? ["params"] : [])];
  const names = new Set([...plain, "variables"]);
  const programs: PolicyPrograms = {
    matchConditions: objectsField(spec, "matchConditions").map((condition, index) => ({
      name: stringField(condition, "name"),
      program: compile.at(`spec.matchConditions[${index}].expression`, condition, "expression", new Set(plain)),
    })),
    variables: objectsField(spec, "variables").map((variable, index) => ({
      name: stringField(variable, "name"),
      program: compile.at(`spec.variables[${index}].expression`, variable, "expression", names),
    })),
    validations: objectsField(spec, "validations").map((validation, index) =>
      compileValidation(compile, validation, `spec.validations[${index}]`, names),
    ),
    auditAnnotations: objectsField(spec, "auditAnnotations").map((annotation, index) => ({
      key: stringField(annotation, "key"),
      expression: stringField(annotation, "valueExpression"),
      program: compile.at(`spec.auditAnnotations[${index}].valueExpression`, annotation, "valueExpression", names),
    })),
  };
  return { programs, errors: compile.errors };
}

function compileValidation(
  compile: Compilation,
  validation: JsonObject,
  path: string,
  names: ReadonlySet<string>,
): ValidationProgram {
  const reason = stringField(validation, "reason");
  const hasMessage = stringField(validation, "messageExpression").trim() !== "";
  return {
    expression: stringField(validation, "expression").trim(),
    program: compile.at(`${path}.expression`, validation, "expression", names),
    message: stringField(validation, "message").trim(),
    messageProgram: hasMessage
      ? compile.at(`${path}.messageExpression`, validation, "messageExpression", names)
      : undefined,
    reason: reason === "Forbidden" || reason === "RequestEntityTooLarge" ? reason : "Invalid",
  };
}

class Compilation {
  readonly #cel: CelCompiler;
  readonly errors: FieldError[] = [];

  constructor(cel: CelCompiler) {
    this.#cel = cel;
  }

  at(path: string, object: JsonObject, field: string, names: ReadonlySet<string>): CelProgram {
    const text = stringField(object, field);
    try {
      return this.#cel.compile(text, names);
    } catch (error) {
      if (!isStrongroomError(error, "invalid")) throw error;
      this.errors.push(invalid(path, text, `compilation failed: ${error.message}`));
      return failing(error);
    }
  }
}

function failing(error: Error): CelProgram {
  return {
    uses: new Set(),
    selects: new Set(),
    wholes: new Set(),
    evaluate() {
      throw error;
    },
  };
}
