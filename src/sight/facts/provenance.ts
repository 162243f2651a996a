/** Where a fact was read, so that an answer can be checked by hand. */
export interface Provenance {
  /** As the person named it, or below what they named; `-` for standard input. */
  readonly file: string;
  /** Which document of the file, from 1. */
  readonly document: number;
  /** Which item of a List, from 1; undefined outside of one. */
  readonly item: number | undefined;
  /** From 1; undefined where the text was read without positions (JSON). */
  readonly line: number | undefined;
}

/** What Kubernetes holds by itself, without any manifest. */
export const builtIn: Provenance = { file: "Kubernetes itself", document: 0, item: undefined, line: undefined };

/** `FILE:LINE`, or the document and the item where lines are not known. */
export function placeText({ file, document, item, line }: Provenance): string {
  if (document === 0) return file;
  if (line !== undefined) return `${file}:${line}`;
  const parts = [document > 1 ? `document ${document}` : "", item === undefined ? "" : `item ${item}`];
  const within = parts.filter((part) => part !== "").join(", ");
  return within === "" ? file : `${file} (${within})`;
}
