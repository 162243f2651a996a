/**
 * Serving the OpenAPI documents.
 *
 * A document of version 3 is reached through an index whose links carry its hash,
 * so that it can be cached for ever; a link with an old hash leads to the present
 * one.
 *
 * Source: kube-openapi pkg/handler/handler.go, pkg/handler3/handler.go.
 */
import type { IncomingHttpHeaders } from "node:http";
import { parseAccept, rangeAdmits } from "../../http/accept.ts";
import { ApiError } from "../api-error.ts";
import type { DocumentRoute } from "../discovery/discovery.ts";
import { StaticDocument } from "../discovery/static-document.ts";
import type { DescribedKind } from "../kinds/kind.ts";
import type { Reply } from "../response/reply.ts";
import { encodeGnostic } from "./gnostic.ts";
import { openApiV2 } from "./openapi-v2.ts";
import { openApiV3 } from "./openapi-v3.ts";

const json = "application/json";
/** Clients ask for the form with @ and refuse it in an answer, where it is no media type. */
const protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const protobufAsAsked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const yearSeconds = 365 * 24 * 60 * 60;

/** Paths of this route, for the list at `/`. */
export const openApiPaths: readonly string[] = ["/openapi/v2", "/openapi/v3"];

/**
 * /openapi/v2, /openapi/v3 and /openapi/v3/GROUP-VERSION. Documents are built on
 * first use; the protobuf form is for those who ask for it by name. Raises 406.
 */
export function openApiRoute(kinds: readonly DescribedKind[], now: () => Date): DocumentRoute {
  const v2 = once(() => documentsV2(kinds));
  const v3 = once(() => documentsV3(kinds));
  const index = once(() => indexV3(v3()));
  return ({ method, url, headers }) => {
    if ((method !== "GET" && method !== "HEAD") || !url.pathname.startsWith("/openapi/")) return undefined;
    const path = url.pathname.slice("/openapi/".length).replace(/\/$/, "");
    if (path === "v2") return choose(headers.accept, v2()).reply(headers);
    if (path === "v3") return choose(headers.accept, [[json, index()]]).reply(headers);
    const document = path.startsWith("v3/") ? v3().get(path.slice("v3/".length)) : undefined;
    return document === undefined ? undefined : replyV3(document, url, headers, now());
  };
}

type Offered = readonly (readonly [string, StaticDocument])[];

function documentsV2(kinds: readonly DescribedKind[]): Offered {
  const document = openApiV2(kinds);
  const inJson = new StaticDocument(json, JSON.stringify(document));
  const inProtobuf = new StaticDocument(protobuf, Buffer.from(encodeGnostic(document)));
  return [
    [json, inJson],
    [protobuf, inProtobuf],
    [protobufAsAsked, inProtobuf],
  ];
}

/** By group and version as in paths: `api/v1`, `apis/apps/v1`. */
function documentsV3(kinds: readonly DescribedKind[]): Map<string, StaticDocument> {
  const groups = new Map<string, DescribedKind[]>();
  for (const kind of kinds) {
    const name = kind.group === "" ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
    groups.set(name, [...(groups.get(name) ?? []), kind]);
  }
  const entries = [...groups].map(([name, served]) => [name, JSON.stringify(openApiV3(served))] as const);
  return new Map(entries.map(([name, text]) => [name, new StaticDocument(json, text)]));
}

function indexV3(documents: ReadonlyMap<string, StaticDocument>): StaticDocument {
  const links = [...documents].map(([name, { hash }]) => [name, { serverRelativeURL: link(name, hash) }] as const);
  return new StaticDocument(json, JSON.stringify({ paths: Object.fromEntries(links) }));
}

function link(name: string, hash: string): string {
  return `/openapi/v3/${name}?hash=${hash}`;
}

function replyV3(document: StaticDocument, url: URL, headers: IncomingHttpHeaders, now: Date): Reply {
  choose(headers.accept, [[json, document]]);
  const asked = url.searchParams.get("hash");
  if (asked === null) return document.reply(headers);
  if (asked !== document.hash) {
    const location = link(url.pathname.slice("/openapi/v3/".length), document.hash);
    return { code: 301, contentType: json, headers: { Location: location }, body: Buffer.alloc(0) };
  }
  const expires = new Date(now.getTime() + yearSeconds * 1000).toUTCString();
  return document.reply(headers, { "Cache-Control": "public, immutable", Expires: expires });
}

function choose(accept: string | undefined, offered: Offered): StaticDocument {
  for (const range of parseAccept(accept)) {
    const found = offered.find(([type]) => {
      const [main = "", sub = ""] = type.split("/");
      return rangeAdmits(range, main, sub);
    });
    if (found !== undefined) return found[1];
  }
  const types = offered.map(([type]) => type).join(", ");
  throw new ApiError(406, "NotAcceptable", `only the following media types are accepted: ${types}`);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
