/** In which form a question of sight is answered: for people, for programs, as a picture. */
import { Document, Scalar, visit } from "yaml";
import type { Picture } from "../sight/questions/picture.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { dotText, mermaidText } from "./picture-text.ts";
import { printable, printableJson, unprintable } from "./printable.ts";

const answerForms = ["table", "json", "yaml", "dot", "mermaid"] as const;
export type AnswerForm = (typeof answerForms)[number];

/** `-o` of the questions. */
export const answerFormFlag: Flag = {
  ...valueFlag("output", "FORM", "table (default), json, yaml, dot (for Graphviz) or mermaid."),
  short: "o",
};

/** Raises a usage error for any other word. */
export function answerForm({ flags }: Invocation): AnswerForm {
  const written = flags.one(answerFormFlag) ?? "table";
  const form = answerForms.find((each) => each === written);
  if (form === undefined) throw usageError(`--output must be one of ${answerForms.join(", ")}`);
  return form;
}

export interface Answered {
  /** As docs/sight.md and the schemas say. */
  readonly answer: unknown;
  readonly lines: () => readonly string[];
  readonly picture: () => Picture;
}

/** Prints an answer so that no text in it can act on a terminal. */
export function printAnswer({ output }: Invocation, form: AnswerForm, { answer, lines, picture }: Answered): void {
  if (form === "json") output.print(printableJson(answer));
  else if (form === "yaml") output.write(printableYaml(answer));
  else if (form === "dot") output.print(dotText(picture()));
  else if (form === "mermaid") output.print(mermaidText(picture()));
  else for (const line of lines()) output.print(printable(line));
}

/** YAML of the same value as {@link printableJson}: texts with characters that act on a terminal in quotes, as escapes. */
export function printableYaml(value: unknown): string {
  // JSON first, which leaves out what is undefined.
  const document = new Document(JSON.parse(JSON.stringify(value)), { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string" && node.value.search(unprintable) >= 0) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 }).replaceAll(unprintable, (character) => {
    if (character === "\n") return character; // of the layout: in quotes they are escaped already
    const code = character.codePointAt(0)?.toString(16) ?? "";
    return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}
