/**
 * YAML as Kubernetes reads it: version 1.1 with the numbers of go-yaml, to which dates, `1:30`, `e1` and `.` are texts.
 *
 * Source: go.yaml.in/yaml/v2 resolve.go; held against the door's reader by test/sight/yaml-as-kubernetes.test.ts.
 */
import type { ScalarTag, Tags } from "yaml";

const prefixed = /^([-+]?)0([xXoObB]?)([0-9a-fA-F]+)$/;
const decimal = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const radixes: Readonly<Record<string, number>> = { x: 16, o: 8, b: 2, "": 8 };
const digitsOf: Readonly<Record<number, RegExp>> = { 16: /^[0-9a-fA-F]+$/, 8: /^[0-7]+$/, 2: /^[01]+$/ };

const numbers: ScalarTag = {
  identify: (value) => typeof value === "number",
  default: true,
  tag: "tag:yaml.org,2002:float",
  format: "GO",
  test: /^[-+.0-9][-+.0-9a-fA-F_xXoO]*$/,
  resolve: (text) => numberOf(text.startsWith(".") ? text : text.replaceAll("_", "")) ?? text,
};

function numberOf(text: string): number | undefined {
  const [, sign, prefix = "", digits = ""] = prefixed.exec(text) ?? [];
  const radix = radixes[prefix.toLowerCase()] ?? 8;
  if (digitsOf[radix]?.test(digits) === true) return (sign === "-" ? -1 : 1) * Number.parseInt(digits, radix);
  const value = decimal.test(text) ? Number(text) : Infinity;
  return Number.isFinite(value) ? value : undefined; // what overflows is a text
}

/** For the option `customTags` of the version 1.1. */
export function kubernetesTags(tags: Tags): Tags {
  const others = tags.filter((tag) => {
    if (typeof tag === "string") return true;
    const isNumber = tag.tag === "tag:yaml.org,2002:int" || tag.tag === "tag:yaml.org,2002:float";
    return tag.tag !== "tag:yaml.org,2002:timestamp" && (!isNumber || isNotFinite(tag));
  });
  return [...others, numbers];
}

function isNotFinite({ format, test }: { readonly format?: string; readonly test?: RegExp }): boolean {
  return format === undefined && test?.test(".inf") === true;
}
