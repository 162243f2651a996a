import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

/** What a plugin needs to be well: a name, and why it is not; undefined when it is. */
export type HealthCheck = readonly [name: string, failure: () => string | undefined];

/**
 * `/livez`, `/readyz` and `/metrics` over plain HTTP, for the node itself: nothing there is secret, and a probe must not need the
 * certificates of a cluster that does not run yet. Raises what listening raises.
 */
export async function listenForHealth(
  { host, port }: { readonly host: string; readonly port: number },
  checks: readonly HealthCheck[],
  registry: Registry,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0];
    const end = (status: number, text: string) => {
      response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
    };
    if (path === "/livez") end(200, "ok\n");
    else if (path === "/readyz") end(...readiness(checks));
    else if (path === "/metrics")
      registry.metrics().then(
        (text) => end(200, text),
        () => end(500, "metrics must be readable\n"),
      );
    else end(404, "not found\n");
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  const bound = server.address() as AddressInfo; // it listens on a port
  const shown = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return {
    url: `http://${shown}:${bound.port}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function readiness(checks: readonly HealthCheck[]): [status: number, text: string] {
  const failed = checks.flatMap(([name, failure]) => {
    const why = failure();
    return why === undefined ? [] : [`${name}: ${why}`];
  });
  return failed.length === 0 ? [200, "ok\n"] : [503, `${failed.join("\n")}\n`];
}
