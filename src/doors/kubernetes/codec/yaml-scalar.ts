/**
 * What a YAML scalar means, and how to write one: the rules of YAML 1.1 as
 * go-yaml v2 has them, which is what Kubernetes reads. `yes`, `on` and `y` are
 * booleans, `0777` is octal, `1:30` and dates are text.
 *
 * Source: go.yaml.in/yaml/v2 resolve.go.
 */
import { DecodeError } from "./decode-error.ts";

const words: ReadonlyMap<string, boolean | null> = new Map(
  [
    { value: true, forms: ["y", "yes", "true", "on"] },
    { value: false, forms: ["n", "no", "false", "off"] },
    { value: null, forms: ["null"] },
  ].flatMap(({ value, forms }) =>
    forms.flatMap((form) =>
      [form, form.charAt(0).toUpperCase() + form.slice(1), form.toUpperCase()].map(
        (spelling) => [spelling, value] as const,
      ),
    ),
  ),
);

const notFinite = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const decimal = /^[-+]?(?:0|[1-9][0-9]*)$/;
const prefixed = /^([-+]?)0([xXoObB]?)([0-9a-fA-F]+)$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const radixes: Readonly<Record<string, number>> = { x: 16, o: 8, b: 2, "": 8 };
const digitsOf: Readonly<Record<number, RegExp>> = {
  16: /^[0-9a-fA-F]+$/,
  8: /^[0-7]+$/,
  2: /^[01]+$/,
};

/**
 * The value of a plain scalar without a tag.
 * @throws DecodeError for infinities, NaN, and integers that a double cannot hold
 */
export function resolvePlain(text: string): string | number | boolean | null {
  if (text === "" || text === "~") return null;
  const word = words.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.0-9]/.test(text)) return text;
  if (notFinite.test(text)) throw new DecodeError("json: unsupported value: a number must be finite");
  return resolveNumber(text.startsWith(".") ? text : text.replaceAll("_", "")) ?? text;
}

function resolveNumber(text: string): number | undefined {
  if (decimal.test(text)) return exact(Number(text));
  const [, sign = "", prefix = "", digits = ""] = prefixed.exec(text) ?? [];
  const radix = radixes[prefix.toLowerCase()] ?? 8;
  if (digits !== "" && digitsOf[radix]?.test(digits)) {
    return exact((sign === "-" ? -1 : 1) * Number.parseInt(digits, radix));
  }
  if (!float.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined; // Go leaves what overflows as text
}

function exact(value: number): number {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  throw new DecodeError(`an integer must be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`);
}

/** Plain for every reader: no indicator, no colon or number sign that could end it, no blank at an end. */
const safePlain = /^[A-Za-z_/](?:[A-Za-z0-9_./+=-]| (?=[A-Za-z0-9_/])|:(?=[A-Za-z0-9_./]))*$/;
/** What libyaml does not read unescaped, and line ends of its own. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unreadable = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g;

/**
 * A string as YAML: plain where no reader of YAML 1.1 or 1.2 can take it for anything else, else in
 * double quotes.
 */
export function writeYamlString(text: string): string {
  if (safePlain.test(text) && !words.has(text)) return text;
  const quoted = JSON.stringify(text);
  return quoted.replace(unreadable, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
