/**
 * Field selectors: `metadata.name=x,type!=Opaque`.
 *
 * Source: apimachinery pkg/fields/selector.go; k/k pkg/apis/core/v1/conversion.go
 * for what each kind supports.
 */
import { SelectorError } from "./selector-error.ts";

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** All requirements must hold; none means everything. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  /** Whether an object matches; `read` gives the value of one of the supported fields. */
  matches(read: (field: string) => string): boolean;
  /** The value a field must equal, if the selector asks for one: a list by metadata.name is then one read. */
  exactMatch(field: string): string | undefined;
}

/**
 * Parses a selector of terms `field=value`, `field==value` and `field!=value`
 * joined by commas; in a value `\`, `,` and `=` are written after a `\`. Raises
 * {@link SelectorError} when malformed, or for a field that is not in `supported`.
 */
export function parseFieldSelector(text: string, supported: Pick<ReadonlySet<string>, "has">): FieldSelector {
  // Upstream sorts the terms first, which decides the error when several are wrong.
  const terms = splitTerms(text).toSorted(compareText);
  const requirements = terms
    .filter((term) => term !== "")
    .map((term) => parseTerm(term, text))
    .filter(({ field, value }) => field !== "" || value !== ""); // `=` alone asks for nothing
  for (const { field } of requirements) {
    if (!supported.has(field)) throw new SelectorError(`field label not supported: ${field}`);
  }
  return {
    requirements,
    matches: (read) =>
      requirements.every(({ field, operator, value }) => (read(field) === value) === (operator === "=")),
    exactMatch: (field) =>
      requirements.find((requirement) => requirement.field === field && requirement.operator === "=")?.value,
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Splits at commas that no `\` stands before. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === "\\") index += 1;
    else if (text[index] === ",") {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function parseTerm(term: string, selector: string): FieldRequirement {
  const operator = /!=|==|=/.exec(term);
  if (operator === null) throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`);
  return {
    field: term.slice(0, operator.index),
    operator: operator[0] === "!=" ? "!=" : "=",
    value: unescapeValue(term.slice(operator.index + operator[0].length)),
  };
}

function unescapeValue(escaped: string): string {
  let value = "";
  let inEscape = false;
  for (const character of escaped) {
    const special = character === "\\" || character === "," || character === "=";
    if (inEscape) {
      if (!special) throw invalidEscape(`\\${character}`);
      value += character;
      inEscape = false;
    } else if (character === "\\") inEscape = true;
    else if (special) {
      // Upstream prints the number of the character here, not the character.
      const detail = `unescaped character in value: ${character.codePointAt(0)}`;
      throw new SelectorError(`invalid field selector: ${detail}`);
    } else value += character;
  }
  if (inEscape) throw invalidEscape("\\");
  return value;
}

function invalidEscape(sequence: string): SelectorError {
  return new SelectorError(`invalid field selector: invalid escape sequence: ${sequence}`);
}
