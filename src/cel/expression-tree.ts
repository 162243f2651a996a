/**
 * From the text of an expression to the tree that is run: everything it names is known, every turn of a comprehension costs
 * a step, and what a function takes costs by its size.
 */
import type { Expr, ParsedExpr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { StrongroomError } from "../errors/strongroom-error.ts";

export interface KnownNames {
  readonly variables: ReadonlySet<string>;
  readonly isFunction: (name: string) => boolean;
  readonly costs: CostFunctions;
}

/** The names of the functions that cost; no expression can spell them. */
export interface CostFunctions {
  /** Costs a step, and is true. */
  readonly step: string;
  /** Costs what a text has of characters or a list of elements, and is its argument. */
  readonly size: string;
  /** The same with all that is in lists and maps. */
  readonly content: string;
  /** A list with the elements of another at its end, in the place of the first. */
  readonly append: string;
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
  if (isBuiltIn(call.function) || ofNumbers.has(call.function)) return;
  const name = comparing.has(call.function) ? scope.known.costs.content : scope.known.costs.size;
  if (!isQualified && call.target !== undefined) call.target = costing(name, call.target);
  call.args = call.args.map((argument) => costing(name, argument));
}

/** Functions that look at all that is in what they take. */
const comparing: ReadonlySet<string> = new Set(["_==_", "_!=_", "@in", "_in_", "format", "join"]);
/** Functions of numbers and truths, which are all of one size. */
const ofNumbers: ReadonlySet<string> = new Set(["!_", "-_", "_-_", "_*_", "_/_", "_%_"]);

/** What a comprehension has gathered; no expression can spell it. */
const gathered = "@result";

/** The argument of a function, paid for by its size. */
function costing(name: string, argument: Expr): Expr {
  const { exprKind } = argument;
  const isSmall = exprKind.case === "constExpr" && exprKind.value.constantKind.case !== "stringValue";
  const isOwn = exprKind.case === "identExpr" && exprKind.value.name === gathered;
  return isSmall || isOwn ? argument : called(name, [argument], argument.id);
}

function called(name: string, args: Expr[], id: bigint): Expr {
  const value = { $typeName: "cel.expr.Expr.Call" as const, function: name, args };
  return { $typeName: "cel.expr.Expr", id, exprKind: { case: "callExpr", value } };
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
  const { costs } = scope.known;
  if (comprehension.iterRange !== undefined) comprehension.iterRange = costing(costs.size, comprehension.iterRange);
  comprehension.loopCondition = afterStep(comprehension.loopCondition, costs.step);
  appendInPlace(comprehension.loopStep, costs.append);
}

/** The condition of a loop, after a step is paid for. */
function afterStep(condition: Expr | undefined, step: string): Expr {
  const id = condition?.id ?? 0n;
  const paid = called(step, [], id);
  // Not `&&`, for which an error beside a false is false.
  return condition === undefined ? paid : called("_?_:_", [paid, condition, condition], id);
}

/** What gathers a list gathers it in one: of a list of lists, each a little longer, every element would be far down. */
function appendInPlace(step: Expr | undefined, append: string): void {
  if (step?.exprKind.case !== "callExpr") return;
  const call = step.exprKind.value;
  const [list, more] = call.args;
  const isGathering = list?.exprKind.case === "identExpr" && list.exprKind.value.name === gathered;
  if (call.function === "_?_:_") appendInPlace(call.args[1], append);
  else if (call.function === "_+_" && isGathering) {
    const added = more?.exprKind.case === "callExpr" ? more.exprKind.value.args[0] : more;
    if (added?.exprKind.case !== "listExpr") return; // a count
    call.function = append;
    call.args = [list, added];
  }
}

function requireVariable(name: string, scope: Scope): void {
  if (scope.own.has(name) || types.has(name)) return;
  if (!scope.known.variables.has(name)) throw unknown(name);
  scope.uses.add(name);
}

function unknown(name: string): StrongroomError {
  return new StrongroomError("invalid", `undeclared reference to '${name}'`);
}
