/** The paths without a resource that need authentication: metrics, discovery, version, OpenAPI. */
import type { Registry } from "prom-client";
import {
  isDiscoverable,
  issuerConfigurationPath,
  issuerDiscoveryRoute,
  keySetPath,
} from "./authentication/issuer-discovery.ts";
import type { IssuerDiscoveryOptions } from "./authentication/issuer-discovery.ts";
import { discoveryRoute } from "./discovery/discovery.ts";
import type { DiscoveryOptions, DocumentRoute } from "./discovery/discovery.ts";
import type { PathRequest, PathRoute } from "./door.ts";
import type { DescribedKind } from "./kinds/kind.ts";
import { openApiRoute } from "./openapi/openapi-route.ts";
import type { Reply } from "./response/reply.ts";

export interface PathRouteOptions {
  readonly kinds: readonly DescribedKind[];
  readonly registry: Registry;
  /** The product's version, e.g. `0.1.0`. */
  readonly version: string;
  /** `host:port` that clients should connect to; asked when the documents are first needed. */
  readonly serverAddress: () => string;
  readonly now: () => Date;
  readonly issuer: IssuerDiscoveryOptions;
}

const otherPaths = ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz"];

export function pathRoutes(options: PathRouteOptions): PathRoute {
  let documents: readonly DocumentRoute[] | undefined;
  return async (request) => {
    documents ??= documentRoutes(options);
    for (const route of documents) {
      const reply = route(request);
      if (reply !== undefined) return reply;
    }
    return metricsReply(request, options.registry);
  };
}

function documentRoutes(options: PathRouteOptions): DocumentRoute[] {
  const { kinds, version } = options;
  const more = isDiscoverable(options.issuer.issuer) ? [issuerConfigurationPath, keySetPath] : [];
  const serverAddress = options.serverAddress();
  const discovery: DiscoveryOptions = { kinds, version, serverAddress, otherPaths: [...otherPaths, ...more] };
  const issuer = issuerDiscoveryRoute(options.issuer, options.serverAddress());
  return [discoveryRoute(discovery), openApiRoute(kinds, options.now), issuer];
}

async function metricsReply({ url }: PathRequest, registry: Registry): Promise<Reply | undefined> {
  if (url.pathname !== "/metrics") return undefined;
  return { code: 200, contentType: registry.contentType, body: Buffer.from(await registry.metrics()) };
}
