/**
 * Discovery: what the server serves, in the flavour a client asks for.
 *
 * A client that is answered in a flavour it did not ask for believes that there
 * are no resources, so the Content-Type carries exactly the parameters of the
 * document, and whoever asks for something else gets the plain lists.
 *
 * Source: apiserver pkg/endpoints/discovery (root.go, group.go, version.go,
 * aggregated/negotiation.go).
 */
import type { IncomingHttpHeaders } from "node:http";
import { parseAccept, rangeAdmits } from "../../http/accept.ts";
import type { MediaRange } from "../../http/accept.ts";
import { ApiError } from "../api-error.ts";
import type { JsonValue } from "../codec/json.ts";
import { writeYaml } from "../codec/yaml.ts";
import type { DescribedKind } from "../kinds/kind.ts";
import type { Reply } from "../response/reply.ts";
import { aggregatedDiscovery, aggregatedVersions } from "./aggregated-discovery.ts";
import { apiGroup, apiGroupList, apiResourceList, apiVersions, namedGroups, versionsOf } from "./resource-lists.ts";
import { StaticDocument } from "./static-document.ts";
import { versionInfo } from "./version-info.ts";

export interface DiscoveryOptions {
  readonly kinds: readonly DescribedKind[];
  /** The product's version, e.g. `0.1.0`. */
  readonly version: string;
  /** `host:port` that clients should connect to. */
  readonly serverAddress: string;
  /** Paths served by others, for the list at `/`: /healthz, /metrics, /openapi/v2, ... */
  readonly otherPaths: readonly string[];
}

export interface DocumentRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
}

/** Answers a GET or HEAD of a document; undefined for everything else. Raises 406 when no flavour is acceptable. */
export type DocumentRoute = (request: DocumentRequest) => Reply | undefined;

/** One document in one media type, with the parameters a client must have asked for. */
interface Flavour {
  readonly subtype: "json" | "yaml";
  readonly as: string;
  readonly group: string;
  readonly version: string;
  readonly document: StaticDocument;
}

/** /, /version, /api, /apis and what is below them. Documents are built here, once. */
export function discoveryRoute(options: DiscoveryOptions): DocumentRoute {
  const flavours = documents(options);
  return ({ method, url, headers }) => {
    const path = url.pathname === "/" ? "/" : url.pathname.replace(/\/$/, "");
    const found = flavours.get(path);
    if (found === undefined || (method !== "GET" && method !== "HEAD")) return undefined;
    return choose(found, headers.accept).document.reply(headers);
  };
}

function documents({ kinds, version, serverAddress, otherPaths }: DiscoveryOptions): Map<string, Flavour[]> {
  const found = new Map<string, Flavour[]>([
    ["/api", [...plain(apiVersions(kinds, serverAddress)), ...aggregated(kinds, "/api")]],
    ["/apis", [...plain(apiGroupList(kinds)), ...aggregated(kinds, "/apis")]],
    ["/version", plain(versionInfo(version))],
  ]);
  for (const coreVersion of versionsOf(kinds, "")) {
    found.set(`/api/${coreVersion}`, plain(apiResourceList(kinds, "", coreVersion)));
  }
  for (const group of namedGroups(kinds)) {
    found.set(`/apis/${group}`, plain(apiGroup(kinds, group)));
    for (const groupVersion of versionsOf(kinds, group)) {
      found.set(`/apis/${group}/${groupVersion}`, plain(apiResourceList(kinds, group, groupVersion)));
    }
  }
  found.set("/", plain({ paths: [...found.keys(), ...otherPaths].sort() }));
  return found;
}

function plain(value: JsonValue): Flavour[] {
  const json = new StaticDocument("application/json", `${JSON.stringify(value)}\n`);
  const yaml = new StaticDocument("application/yaml", writeYaml(value));
  return [
    { subtype: "json", as: "", group: "", version: "", document: json },
    { subtype: "yaml", as: "", group: "", version: "", document: yaml },
  ];
}

function aggregated(kinds: readonly DescribedKind[], root: "/api" | "/apis"): Flavour[] {
  return aggregatedVersions.map((version) => {
    const [group, as] = ["apidiscovery.k8s.io", "APIGroupDiscoveryList"];
    const contentType = `application/json;g=${group};v=${version};as=${as}`;
    const body = `${JSON.stringify(aggregatedDiscovery(kinds, root, version))}\n`;
    return { subtype: "json", as, group, version, document: new StaticDocument(contentType, body) };
  });
}

function choose(flavours: readonly Flavour[], accept: string | undefined): Flavour {
  for (const range of parseAccept(accept)) {
    const flavour = flavours.find((candidate) => suits(candidate, range));
    if (flavour !== undefined) return flavour;
  }
  throw new ApiError(
    406,
    "NotAcceptable",
    "only the following media types are accepted: application/json, application/yaml",
  );
}

function suits(flavour: Flavour, range: MediaRange): boolean {
  const as = range.parameters.get("as") ?? "";
  if (!rangeAdmits(range, "application", flavour.subtype) || as !== flavour.as) return false;
  return as === "" || (range.parameters.get("g") === flavour.group && range.parameters.get("v") === flavour.version);
}
