/**
 * Label selectors: `app=db,tier in (front,back),!canary,version>3`.
 *
 * Source: apimachinery pkg/labels/selector.go, whose grammar and texts are kept.
 */
import type { JsonObject } from "../codec/json.ts";
import type { FieldError } from "../validation/field-error.ts";
import { invalid } from "../validation/field-error-constructors.ts";
import { formatFieldError, formatFieldErrors } from "../validation/field-error-format.ts";
import { labelValueErrors, qualifiedNameErrors } from "../validation/names.ts";
import type { Token } from "./label-selector-lexer.ts";
import { labelSelectorTokens } from "./label-selector-lexer.ts";
import { SelectorError } from "./selector-error.ts";

export type LabelOperator = "exists" | "!" | "in" | "notin" | "=" | "==" | "!=" | ">" | "<";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, each once; one for `=`, `==`, `!=`, `>`, `<`, none for `exists` and `!`. */
  readonly values: readonly string[];
}

/** All requirements must hold; none means everything. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  /** Whether an object with these labels (undefined: none) matches. */
  matches(labels: Readonly<JsonObject> | undefined): boolean;
}

/** Parses a selector; raises {@link SelectorError} with upstream's text when it is malformed. */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = new LabelSelectorParser(labelSelectorTokens(text)).parse();
  const tests = requirements.map(requirementTest);
  return {
    requirements,
    matches: (labels) => tests.every((holds) => holds(labels)),
  };
}

type Test = (labels: Readonly<JsonObject> | undefined) => boolean;

/** A requirement made ready to be asked of many objects. */
function requirementTest({ key, operator, values }: LabelRequirement): Test {
  const wanted = new Set(values);
  const read = (labels: Readonly<JsonObject> | undefined): string | undefined => {
    const value = labels?.[key];
    return typeof value === "string" ? value : undefined;
  };
  switch (operator) {
    case "exists":
      return (labels) => read(labels) !== undefined;
    case "!":
      return (labels) => read(labels) === undefined;
    case "in":
    case "=":
    case "==":
      return (labels) => {
        const value = read(labels);
        return value !== undefined && wanted.has(value);
      };
    case "notin":
    case "!=":
      return (labels) => {
        const value = read(labels);
        return value === undefined || !wanted.has(value);
      };
    case ">":
    case "<":
      return comparisonTest(read, operator, values[0] ?? "");
    default:
      return operator satisfies never;
  }
}

function comparisonTest(
  read: (labels: Readonly<JsonObject> | undefined) => string | undefined,
  operator: ">" | "<",
  bound: string,
): Test {
  const limit = parseInt64(bound);
  return (labels) => {
    const number = parseInt64(read(labels) ?? "");
    if (number === undefined || limit === undefined) return false;
    return operator === ">" ? number > limit : number < limit;
  };
}

/** A decimal integer of 64 bits, or undefined. */
function parseInt64(text: string): bigint | undefined {
  if (!/^[-+]?[0-9]{1,40}$/.test(text)) return undefined;
  const integer = BigInt(text.replace(/^\+/, ""));
  return BigInt.asIntN(64, integer) === integer ? integer : undefined;
}

/** Words with meaning between a key and its values; after a comma or in values they are plain words. */
type Context = "operator" | "value";

class LabelSelectorParser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const { kind, literal } = this.#peek("value");
      if (kind === "end") break;
      if (kind !== "identifier" && kind !== "!") {
        throw new SelectorError(`found '${literal}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      const next = this.#take("value");
      if (next.kind === "end") break;
      if (next.kind !== ",") throw new SelectorError(`found '${next.literal}', expected: ',' or 'end of string'`);
      const after = this.#peek("value");
      if (after.kind !== "identifier" && after.kind !== "!") {
        throw new SelectorError(`found '${after.literal}', expected: identifier after ','`);
      }
    }
    return requirements;
  }

  #requirement(): LabelRequirement {
    try {
      return this.#parseRequirement();
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      throw new SelectorError(`unable to parse requirement: ${error.message}`);
    }
  }

  #parseRequirement(): LabelRequirement {
    const negated = this.#peek("value").kind === "!";
    if (negated) this.#take("value");
    const { kind, literal: key } = this.#take("value");
    if (kind !== "identifier") throw new SelectorError(`found '${key}', expected: identifier`);
    const keyErrors = qualifiedNameErrors(key);
    // Upstream passes no path here, and so prints Go's nil.
    if (keyErrors.length > 0) throw new SelectorError(formatFieldError(invalid("<nil>", key, keyErrors.join("; "))));
    if (negated) return { key, operator: "!", values: [] };
    const next = this.#peek("value").kind;
    if (next === "end" || next === ",") return { key, operator: "exists", values: [] };
    const operator = this.#operator();
    const values = operator === "in" || operator === "notin" ? this.#values() : this.#exactValue();
    const sorted = [...new Set(values)].toSorted();
    checkValues(key, operator, sorted);
    return { key, operator, values: sorted };
  }

  #operator(): Exclude<LabelOperator, "exists" | "!"> {
    const { kind, literal } = this.#take("operator");
    switch (kind) {
      case "in":
      case "notin":
      case "=":
      case "==":
      case "!=":
      case ">":
      case "<":
        return kind;
      default:
        // The last two by the names upstream gives them.
        throw new SelectorError(`found '${literal}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #values(): string[] {
    const open = this.#take("value");
    if (open.kind !== "(") throw new SelectorError(`found '${open.literal}' expected: '('`);
    const first = this.#peek("value");
    if (first.kind === ")") {
      this.#take("value");
      return [""];
    }
    if (first.kind !== "identifier" && first.kind !== ",") {
      throw new SelectorError(`found '${first.literal}', expected: ',', ')' or identifier`);
    }
    const values = this.#valueList();
    this.#take("value"); // the closing parenthesis, which ends the list
    return values;
  }

  /** Values joined by commas up to the closing parenthesis; nothing between two commas is "". */
  #valueList(): string[] {
    const values: string[] = [];
    for (;;) {
      const { kind, literal } = this.#take("value");
      if (kind === "identifier") {
        values.push(literal);
        const next = this.#peek("value");
        if (next.kind === ")") return values;
        if (next.kind !== ",") throw new SelectorError(`found '${next.literal}', expected: ',' or ')'`);
      } else if (kind === ",") {
        if (values.length === 0) values.push("");
        const next = this.#peek("value").kind;
        if (next === ")") return [...values, ""];
        if (next === ",") {
          this.#take("value");
          values.push("");
        }
      } else throw new SelectorError(`found '${literal}', expected: ',', or identifier`);
    }
  }

  #exactValue(): string[] {
    const next = this.#peek("value").kind;
    if (next === "end" || next === ",") return [""];
    const { kind, literal } = this.#take("value");
    if (kind !== "identifier") throw new SelectorError(`found '${literal}', expected: identifier`);
    return [literal];
  }

  #peek(context: Context): Token {
    const token = this.#tokens[this.#position] ?? { kind: "end", literal: "" };
    const word = token.kind === "in" || token.kind === "notin";
    return context === "value" && word ? { kind: "identifier", literal: token.literal } : token;
  }

  #take(context: Context): Token {
    const token = this.#peek(context);
    this.#position += 1;
    return token;
  }
}

function checkValues(key: string, operator: LabelOperator, values: readonly string[]): void {
  const errors: FieldError[] = [];
  values.forEach((value, index) => {
    if ((operator === ">" || operator === "<") && parseInt64(value) === undefined) {
      errors.push(invalid(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"));
    }
  });
  values.forEach((value, index) => {
    const texts = labelValueErrors(value);
    if (texts.length > 0) errors.push(invalid(`values[${index}][${key}]`, value, texts.join("; ")));
  });
  if (errors.length > 0) throw new SelectorError(formatFieldErrors(errors));
}
