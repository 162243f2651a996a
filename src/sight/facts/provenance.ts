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

/** The path of an object in an API: its resource and its name. A file has an ending, which names of objects seldom have. */
const apiPath =
  /(?:^|\/)(?:api\/v1|apis\/[^/]+\/v[^/]+)\/(?:namespaces\/[^/]+\/)?([a-z0-9.-]+)\/(?!.*\.(?:json|ya?ml)$)([^/\s]+)$/;

/**
 * A place after the object that is there: ` (FILE:LINE)`. Of a running cluster the path says no more than the name of the
 * object and is left out; that of another object, such as a role that is gathered into this one, is `(RESOURCE/NAME)`.
 */
export function placeNote(place: string, object: string): string {
  const [, resource, written = ""] = apiPath.exec(place) ?? [];
  if (resource === undefined) return ` (${place})`;
  const name = written.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const [shown = ""] = object.split(", rule ");
  return shown.endsWith(` ${name}`) || shown.endsWith(`/${name}`) ? "" : ` (${resource}/${name})`;
}
