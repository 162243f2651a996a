/**
 * The generator for machines without wrk: closed-loop requests on a number of
 * keep-alive connections. It costs about as much per request as a bare server, so
 * it hides part of the distance to one.
 */
import { Agent, request } from "node:https";
import type { ClientCredentials } from "../../test/running-server.ts";
import type { Load, LoadResult } from "../load-generator.ts";
import { quantile } from "../report.ts";
import { entryOptions, tell } from "./entry.ts";

export interface LoadOptions extends Load {
  readonly credentials: ClientCredentials;
  readonly token?: string;
}

const { url, path, mode, prefix, count, valueBytes, connections, seconds, credentials, token } =
  entryOptions<LoadOptions>();
const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
const agent = new Agent({ keepAlive: true, maxSockets: connections, ...credentials, rejectUnauthorized: false });
const filler = "x".repeat(Math.ceil(valueBytes / 3) * 4 - 12);
const latenciesMs: number[] = [];
let [number, refused, broken] = [0, 0, 0];

const startedMs = performance.now();
await Promise.all(Array.from({ length: connections }, run));
const taken = (performance.now() - startedMs) / 1000;
agent.destroy();
tell({
  requests: latenciesMs.length,
  seconds: taken,
  refused,
  broken,
  p50Ms: quantile(latenciesMs, 0.5),
  p99Ms: quantile(latenciesMs, 0.99),
} satisfies LoadResult);
process.disconnect();

async function run(): Promise<void> {
  while (performance.now() - startedMs < seconds * 1000) {
    number += 1;
    const sentMs = performance.now();
    const status = await send(number).catch(() => 0);
    if (status === 0) broken += 1;
    else if (status >= 400) refused += 1;
    latenciesMs.push(performance.now() - sentMs);
  }
}

function send(serial: number): Promise<number> {
  if (mode === "get") return exchange("GET", path);
  const name = mode === "create" ? `${prefix}-${serial}` : `${prefix}-${(serial % count) + 1}`;
  if (mode === "get-each") return exchange("GET", `${path}/${name}`);
  const value = `${filler}${String(serial).padStart(12, "0")}`;
  const body = JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    type: "Opaque",
    data: { value },
  });
  if (mode === "create") return exchange("POST", path, body);
  if (mode === "apply") return exchange("PATCH", `${path}/${name}?fieldManager=bench`, body, applyType);
  return exchange("PUT", `${path}/${name}`, body);
}

const applyType = "application/apply-patch+yaml";

function exchange(method: string, target: string, body?: string, type = "application/json"): Promise<number> {
  const headers =
    body === undefined
      ? authorization
      : { ...authorization, "Content-Type": type, "Content-Length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(target, url), { method, agent, headers }, (response) => {
      response.resume().on("error", reject);
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
