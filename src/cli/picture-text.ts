/** Pictures as text for Graphviz and for Mermaid. Names are escaped for each: none can add to the picture. */
import type { Picture } from "../sight/questions/picture.ts";
import { printable } from "./printable.ts";

/**
 * For `dot`. In its strings a quote ends the string, a backslash begins what is replaced, and `&` an entity.
 * Source: https://graphviz.org/doc/info/lang.html and .../info/attrs.html#k:escString.
 */
export function dotText(picture: Picture): string {
  const shown = (text: string) => {
    const escaped = printable(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("&", "&amp;");
    return `"${escaped}"`;
  };
  return [
    "digraph strongroom {",
    "  rankdir=LR;",
    "  node [shape=box];",
    ...picture.edges.map(({ from, to, label, dashed }) => {
      const style = dashed ? ", style=dashed" : "";
      return `  ${shown(from)} -> ${shown(to)} [label=${shown(label)}${style}];`;
    }),
    ...(picture.leftOut === 0 ? [] : [`  // ${leftOutText(picture)}`]),
    "}",
  ].join("\n");
}

/**
 * For Mermaid. Only letters, digits and a few marks are written as they are; all else is a character reference, as
 * Mermaid writes them. Source: https://mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters".
 */
export function mermaidText(picture: Picture): string {
  const numbers = new Map<string, number>();
  const nodeOf = (text: string) => {
    const known = numbers.get(text);
    if (known !== undefined) return `n${known}`;
    numbers.set(text, numbers.size);
    return `n${numbers.size - 1}["${mermaidEscaped(text)}"]`;
  };
  const lines = picture.edges.map(({ from, to, label, dashed }) => {
    const arrow = dashed ? "-.->" : "-->";
    return `  ${nodeOf(from)} ${arrow}|"${mermaidEscaped(label)}"| ${nodeOf(to)}`;
  });
  const rest = picture.leftOut === 0 ? [] : [`  %% ${leftOutText(picture)}`];
  return ["flowchart LR", ...lines, ...rest].join("\n");
}

function mermaidEscaped(text: string): string {
  return printable(text).replaceAll(/[^\p{L}\p{N} ,./:_-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
}

function leftOutText({ leftOut }: Picture): string {
  return `${leftOut} more steps are left out: -o json has all`;
}
