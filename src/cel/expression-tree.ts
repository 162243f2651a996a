/**
 * From the text of an expression to the tree that is run: everything it names is known, and every turn of a comprehension
 * costs a step.
 */
import type { Expr, ParsedExpr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { StrongroomError } from "../errors/strongroom-error.ts";

export interface KnownNames {
  readonly variables: ReadonlySet<string>;
  readonly isFunction: (name: string) => boolean;
  /** The function that costs a step. */
  readonly step: string;
}

export interface CompiledTree {
  readonly tree: Expr;
  readonly uses: ReadonlySet<string>;
  /** Fields of variables that are named, as `variable.field`. */
  readonly selects: ReadonlySet<string>;
  /** Variables that are used otherwise than by naming one of their fields. */
  readonly wholes: ReadonlySet<string>;
}

const types: ReadonlySet<string> = new Set([
  "bool",
  "bytes",
  "double",
  "dyn",
  "int",
  "list",
  "map",
  "null_type",
  "string",
  "type",
  "uint",
]);

/** Raises `invalid` for what cannot be parsed or names what there is not. */
export function compileTree(parse: () => ParsedExpr & { expr: Expr }, known: KnownNames): CompiledTree {
  try {
    const tree = parse().expr;
    const [uses, selects, wholes] = [new Set<string>(), new Set<string>(), new Set<string>()];
    visit(tree, { known, uses, selects, wholes, own: new Set() });
    return { tree, uses, selects, wholes };
  } catch (error) {
    if (error instanceof StrongroomError) throw error;
    if (error instanceof RangeError) throw new StrongroomError("invalid", "the expression must be nested less deeply");
    const text = error instanceof Error ? error.message : String(error);
    throw new StrongroomError("invalid", `Syntax error: ${text}`, { cause: error });
  }
}

interface Scope {
  readonly known: KnownNames;
  readonly uses: Set<string>;
  readonly selects: Set<string>;
  readonly wholes: Set<string>;
  /** The variables of the comprehensions around. */
  readonly own: ReadonlySet<string>;
}

/** Checks the names of a tree, and makes its comprehensions cost. */
function visit(expr: Expr | undefined, scope: Scope): void {
  const kind = expr?.exprKind;
  switch (kind?.case) {
    case "identExpr":
      scope.wholes.add(kind.value.name);
      return requireVariable(kind.value.name, scope);
    case "selectExpr":
      noteSelection(kind.value.operand, kind.value.field, scope);
      if (kind.value.operand?.exprKind.case === "identExpr")
        return requireVariable(kind.value.operand.exprKind.value.name, scope);
      return visit(kind.value.operand, scope);
    case "callExpr":
      return visitCall(kind.value, scope);
    case "listExpr":
      return kind.value.elements.forEach((element) => visit(element, scope));
    case "structExpr":
      if (kind.value.messageName !== "") throw unknown(kind.value.messageName);
      return kind.value.entries.forEach((entry) => {
        if (entry.keyKind.case === "mapKey") visit(entry.keyKind.value, scope);
        visit(entry.value, scope);
      });
    case "comprehensionExpr":
      return visitComprehension(kind.value, scope);
    default:
  }
}

type Call = Extract<Expr["exprKind"], { case: "callExpr" }>["value"];
type Comprehension = Extract<Expr["exprKind"], { case: "comprehensionExpr" }>["value"];

function noteSelection(operand: Expr | undefined, field: string, scope: Scope): void {
  if (operand?.exprKind.case === "identExpr") scope.selects.add(`${operand.exprKind.value.name}.${field}`);
}

function visitCall(call: Call, scope: Scope): void {
  const [indexed, index] = call.args;
  if (call.function === "_[_]" && index?.exprKind.case === "constExpr") {
    const { constantKind } = index.exprKind.value;
    if (constantKind.case === "stringValue") noteSelection(indexed, constantKind.value, scope);
  }
  const qualified = call.target === undefined ? undefined : qualifiedName(call.target);
  const isQualified = qualified !== undefined && scope.known.isFunction(`${qualified}.${call.function}`);
  if (!isQualified) {
    if (!isBuiltIn(call.function) && !scope.known.isFunction(call.function)) throw unknown(call.function);
    visit(call.target, scope);
  }
  for (const argument of call.args) visit(argument, scope);
}

/** Operators that are no functions for the library. */
const builtIn: ReadonlySet<string> = new Set(["_&&_", "_||_", "_?_:_", "_[_]", "@not_strictly_false", "type", "dyn"]);

function isBuiltIn(name: string): boolean {
  return builtIn.has(name);
}

/** `a.b.c` as text; undefined for anything else. */
function qualifiedName(expr: Expr): string | undefined {
  const kind = expr.exprKind;
  if (kind.case === "identExpr") return kind.value.name;
  if (kind.case !== "selectExpr" || kind.value.operand === undefined) return undefined;
  const operand = qualifiedName(kind.value.operand);
  return operand === undefined ? undefined : `${operand}.${kind.value.field}`;
}

function visitComprehension(comprehension: Comprehension, scope: Scope): void {
  const { iterVar, iterVar2, accuVar } = comprehension;
  visit(comprehension.iterRange, scope);
  visit(comprehension.accuInit, scope);
  const inner = { ...scope, own: new Set([...scope.own, iterVar, iterVar2, accuVar]) };
  visit(comprehension.loopCondition, inner);
  visit(comprehension.loopStep, inner);
  visit(comprehension.result, inner);
  comprehension.loopCondition = costing(comprehension.loopCondition, scope.known.step);
}

/** The condition of a loop, after a step is paid for. */
function costing(condition: Expr | undefined, step: string): Expr {
  const call = (name: string, args: Expr[]): Expr => ({
    $typeName: "cel.expr.Expr",
    id: condition?.id ?? 0n,
    exprKind: { case: "callExpr", value: { $typeName: "cel.expr.Expr.Call", function: name, args } },
  });
  const paid = call(step, []);
  // Not `&&`, for which an error beside a false is false.
  return condition === undefined ? paid : call("_?_:_", [paid, condition, condition]);
}

function requireVariable(name: string, scope: Scope): void {
  if (scope.own.has(name) || types.has(name)) return;
  if (!scope.known.variables.has(name)) throw unknown(name);
  scope.uses.add(name);
}

function unknown(name: string): StrongroomError {
  return new StrongroomError("invalid", `undeclared reference to '${name}'`);
}
