/**
 * Chooses how to answer, from Accept and the query.
 * Source: apiserver pkg/endpoints/handlers/negotiation/negotiate.go.
 */
import { parseAccept } from "../../http/accept.ts";
import type { MediaRange } from "../../http/accept.ts";
import { ApiError } from "../api-error.ts";
import { isTrue } from "../request-info.ts";
import { readTableOptions } from "../validation/options.ts";
import type { OutputFormat } from "./output-format.ts";

/** Media types of answers, the first being what a client without preference gets. */
export const outputMediaTypes = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
] as const;

/** What the endpoint can turn its objects into. */
export interface OutputAbilities {
  /** "list" endpoints answer `as=PartialObjectMetadataList`, the others `as=PartialObjectMetadata`; "none": neither, nor Table. */
  readonly views: "object" | "list" | "none";
  /** A stream: only what can be framed event by event. */
  readonly watch: boolean;
}

/** Agents that a person reads the answer of, as upstream guesses. */
const humanAgents = /^(curl|Wget|Mozilla)/;

/** Raises 406 when nothing in Accept can be served, 422 for a bad includeObject. */
export function negotiateOutput(
  headers: { readonly accept: string | undefined; readonly userAgent: string },
  query: URLSearchParams,
  abilities: OutputAbilities,
): OutputFormat {
  for (const range of parseAccept(headers.accept)) {
    const format = formatFor(range, abilities);
    if (format !== undefined) return { ...format, ...presentation(headers.userAgent, query, range, format) };
  }
  const message = `only the following media types are accepted: ${outputMediaTypes.join(", ")}`;
  throw new ApiError(406, "NotAcceptable", message);
}

type Served = Pick<OutputFormat, "media" | "view" | "viewVersion">;

function formatFor(range: MediaRange, abilities: OutputAbilities): Served | undefined {
  const media = outputMediaTypes.find((type) => admits(range, type));
  if (media === undefined) return undefined;
  // Events in YAML have no framing.
  if (abilities.watch && media === "application/yaml") return undefined;
  const as = range.parameters.get("as") ?? "";
  if (as === "") return { media, view: "object", viewVersion: "v1" };
  const version = range.parameters.get("v");
  if (range.parameters.get("g") !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  return viewFor(as, abilities, { media, viewVersion: version });
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
  const partial =
    abilities.views === "list" && !abilities.watch ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  return as === partial ? { ...served, view: "partial-metadata" } : undefined;
}

function admits(range: MediaRange, type: string): boolean {
  const [main, sub] = type.split("/");
  return (range.type === "*" || range.type === main) && (range.subtype === "*" || range.subtype === sub);
}

function presentation(userAgent: string, query: URLSearchParams, range: MediaRange, served: Served) {
  const asked = query.get("pretty");
  const pretty =
    served.media === "application/json" &&
    (asked === null
      ? humanAgents.test(userAgent) || range.parameters.get("pretty") === "1"
      : asked === "" || isTrue(asked));
  return { pretty, includeObject: served.view === "table" ? tableOptions(query) : ("Metadata" as const) };
}

function tableOptions(query: URLSearchParams): OutputFormat["includeObject"] {
  const { options, errors } = readTableOptions(query);
  const [error] = errors;
  if (error === undefined) return options.includeObject;
  throw new ApiError(422, "Invalid", `TableOptions.meta.k8s.io "" is invalid: ${error.field}: ${error.detail}`, {
    details: {
      group: "meta.k8s.io",
      kind: "TableOptions",
      causes: [{ reason: "FieldValueInvalid", message: error.detail, field: error.field }],
    },
  });
}
