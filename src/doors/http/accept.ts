/**
 * The Accept header: media ranges with parameters, in order of preference.
 *
 * Source: RFC 9110, section 12.5.1. Malformed ranges are skipped, as kube-apiserver
 * does.
 */
export interface MediaRange {
  /** Lower case; `*` for any. */
  readonly type: string;
  /** Lower case; `*` for any. */
  readonly subtype: string;
  /** Names in lower case, values as sent, without `q`. */
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 (not acceptable) to 1. */
  readonly quality: number;
}

/** Ranges beyond this number are ignored; kubectl sends three. */
export const mediaRangesMax = 32;

/**
 * The ranges a client sent, best first: by quality, then by how specific they are,
 * then in the order sent. An absent or empty header accepts everything. Ranges of
 * quality 0 are left out.
 */
export function parseAccept(header: string | undefined): MediaRange[] {
  if (header === undefined || header.trim() === "") return [anything];
  return splitUnquoted(header, ",")
    .slice(0, mediaRangesMax)
    .map(parseRange)
    .filter((range) => range !== undefined)
    .filter((range) => range.quality > 0)
    .sort((a, b) => b.quality - a.quality || specificity(b) - specificity(a));
}

/** Whether a range admits a media type (parameters apart), both given as `type/subtype` parts in lower case. */
export function rangeAdmits(range: MediaRange, type: string, subtype: string): boolean {
  return (range.type === "*" || range.type === type) && (range.subtype === "*" || range.subtype === subtype);
}

const anything: MediaRange = { type: "*", subtype: "*", parameters: new Map(), quality: 1 };
// Beyond RFC 9110: the @ in media types that clients of OpenAPI documents ask for.
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z@-]+$/;

/** One media range or Content-Type value; undefined when malformed. */
export function parseRange(text: string): MediaRange | undefined {
  const [essence = "", ...rest] = splitUnquoted(text, ";");
  const [type = "", subtype = "", ...more] = essence.trim().toLowerCase().split("/");
  if (!token.test(type) || !token.test(subtype) || more.length > 0) return undefined;
  if (type === "*" && subtype !== "*") return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const equals = parameter.indexOf("=");
    if (parameter.trim() === "") continue;
    if (equals < 0) return undefined;
    parameters.set(parameter.slice(0, equals).trim().toLowerCase(), unquote(parameter.slice(equals + 1).trim()));
  }
  const quality = parseQuality(parameters.get("q"));
  parameters.delete("q");
  return quality === undefined ? undefined : { type, subtype, parameters, quality };
}

function parseQuality(text: string | undefined): number | undefined {
  if (text === undefined) return 1;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : undefined;
}

function unquote(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text;
}

function specificity(range: MediaRange): number {
  if (range.type === "*") return 0;
  return range.subtype === "*" ? 1 : 2;
}

/** Splits at a separator that is not inside a quoted string. */
function splitUnquoted(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted && character === "\\") index += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
