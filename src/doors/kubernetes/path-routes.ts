/** The paths without a resource that need authentication: metrics, discovery, OpenAPI, version. */
import type { Registry } from "prom-client";
import type { PathRequest, PathRoute } from "./door.ts";
import type { Kind } from "./kinds/kind.ts";
import type { Reply } from "./response/reply.ts";

export function pathRoutes(_kinds: readonly Kind[], registry: Registry): PathRoute {
  return async (request) => metricsReply(request, registry);
}

async function metricsReply({ url }: PathRequest, registry: Registry): Promise<Reply | undefined> {
  if (url.pathname !== "/metrics") return undefined;
  return { code: 200, contentType: registry.contentType, body: Buffer.from(await registry.metrics()) };
}
