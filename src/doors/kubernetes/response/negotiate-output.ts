/**
 * Chooses how to answer, from Accept and the query.
 * Source: apiserver pkg/endpoints/handlers/negotiation/negotiate.go.
 */
import { parseAccept } from "../../http/accept.ts";
import type { MediaRange } from "../../http/accept.ts";
import { ApiError, badRequest } from "../api-error.ts";
import { formatFieldError } from "../validation/field-error-format.ts";
import { readTableOptions } from "../validation/options.ts";
import type { OutputFormat } from "./output-format.ts";

/** Media types of answers, the first being what a client without preference gets. */
export const outputMediaTypes = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
] as const;

/** Media types that a stream of events can be framed in; YAML has no framing. */
const streamMediaTypes: readonly OutputFormat["media"][] = ["application/json", "application/vnd.kubernetes.protobuf"];

/** What the endpoint can turn its objects into. */
export interface OutputAbilities {
  /** "list" endpoints answer `as=PartialObjectMetadataList`, the others `as=PartialObjectMetadata`; "none": neither, nor Table. */
  readonly views: "object" | "list" | "none";
  /** A stream: only what can be framed event by event. */
  readonly watch: boolean;
  /** What the reference server calls the objects in Go, e.g. `core.Secret`; for texts alone. */
  readonly goType?: string;
}

/** Agents that a person reads the answer of, as upstream guesses. */
const humanAgents = /^(curl|Wget|Mozilla\/5\.0)/;

/** Raises 406 when nothing in Accept can be served, 400 for a bad includeObject. */
export function negotiateOutput(
  headers: { readonly accept: string | undefined; readonly userAgent: string },
  query: URLSearchParams,
  abilities: OutputAbilities,
): OutputFormat {
  for (const range of parseAccept(headers.accept)) {
    const format = formatFor(range, abilities);
    if (format === undefined) continue;
    // What was chosen may still turn out not to fit: upstream looks for nothing else then.
    if (abilities.watch && !streamMediaTypes.includes(format.media)) break;
    return { ...format, ...presentation(headers.userAgent, query, range, format) };
  }
  const served = abilities.watch ? streamMediaTypes.map((type) => `${type};stream=watch`) : outputMediaTypes;
  throw notAcceptable(`only the following media types are accepted: ${served.join(", ")}`);
}

function notAcceptable(message: string): ApiError {
  return new ApiError(406, "NotAcceptable", message);
}

type Served = Pick<OutputFormat, "media" | "view" | "viewVersion">;

function formatFor(range: MediaRange, abilities: OutputAbilities): Served | undefined {
  for (const media of outputMediaTypes) {
    const format = admits(range, media) ? servedAs(media, range.parameters, abilities) : undefined;
    if (format !== undefined) return format;
  }
  return undefined;
}

/** The media type with its parameters; undefined when they ask for what this endpoint has not. Unknown ones are ignored. */
function servedAs(
  media: OutputFormat["media"],
  parameters: MediaRange["parameters"],
  abilities: OutputAbilities,
): Served | undefined {
  if (parameters.size === 0) return { media, view: "object", viewVersion: "v1" };
  const stream = parameters.get("stream") ?? "";
  if (stream !== "" && (stream !== "watch" || !streamMediaTypes.includes(media))) return undefined;
  const serverVersion = parameters.get("sv") ?? "";
  if (serverVersion !== "" && (serverVersion !== "v1" || abilities.views === "none")) return undefined;
  const [as, group, version] = [parameters.get("as"), parameters.get("g"), parameters.get("v")];
  if (as === undefined && group === undefined && version === undefined) {
    return { media, view: "object", viewVersion: "v1" };
  }
  if (group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  return viewFor(as ?? "", abilities, { media, viewVersion: version });
}

function viewFor(
  as: string,
  abilities: OutputAbilities,
  served: Pick<OutputFormat, "media" | "viewVersion">,
): Served | undefined {
  if (abilities.views === "none") return undefined;
  // Tables have no protobuf form.
  if (as === "Table") {
    return served.media === "application/vnd.kubernetes.protobuf" ? undefined : { ...served, view: "table" };
  }
  if (as !== "PartialObjectMetadata" && as !== "PartialObjectMetadataList") return undefined;
  const list = abilities.views === "list" && !abilities.watch;
  if (list === (as === "PartialObjectMetadataList")) return { ...served, view: "partial-metadata" };
  // Upstream would send such a watch whole objects.
  if (abilities.watch) return undefined;
  const type = abilities.goType ?? "";
  throw notAcceptable(
    list
      ? `you requested PartialObjectMetadata, but the requested object is a list (*${type}List)`
      : `you requested PartialObjectMetadataList, but the requested object is not a list (*${type})`,
  );
}

function admits(range: MediaRange, type: string): boolean {
  const [main, sub] = type.split("/");
  return (range.type === "*" || range.type === main) && (range.subtype === "*" || range.subtype === sub);
}

function presentation(userAgent: string, query: URLSearchParams, range: MediaRange, served: Served) {
  const asked = query.get("pretty") ?? "";
  const pretty =
    served.media === "application/json" &&
    (range.parameters.get("pretty") === "1" || (asked === "" ? humanAgents.test(userAgent) : goTrue.test(asked)));
  return { pretty, includeObject: served.view === "table" ? tableOptions(query) : ("Metadata" as const) };
}

/** What Go's strconv.ParseBool takes for true. */
const goTrue = /^(1|t|T|TRUE|true|True)$/;

function tableOptions(query: URLSearchParams): OutputFormat["includeObject"] {
  const { options, errors } = readTableOptions(query);
  const [error] = errors;
  if (error === undefined) return options.includeObject;
  throw badRequest(`Unable to convert to Table as requested: ${formatFieldError(error)}`);
}
