/** What etcd answers over plain HTTP: whether it is well, and its version. Source: etcd server/etcdserver/api/etcdhttp. */
import type { IncomingMessage, ServerResponse } from "node:http";

export interface PlainPathFacts {
  readonly isHealthy: () => Promise<boolean>;
  readonly version: string;
}

/** Answers a request that is no call. */
export async function answerPlainPath(
  { isHealthy, version }: PlainPathFacts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path] = (request.url ?? "").split("?", 1);
  if (request.method !== "GET" && request.method !== "HEAD")
    return answer(response, 405, { error: "method must be GET" });
  if (path === "/version") return answer(response, 200, { etcdserver: version, etcdcluster: "3.5.0" });
  if (path !== "/health") return answer(response, 404, { error: "path must be /health or /version" });
  const healthy = await isHealthy();
  // The truth as a text, as etcd has it.
  answer(response, healthy ? 200 : 503, { health: String(healthy), reason: "" });
}

function answer(response: ServerResponse, code: number, body: Readonly<Record<string, string>>): void {
  response.statusCode = code;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body));
}
