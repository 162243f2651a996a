/**
 * A recorder between a client and a server: a proxy on loopback that speaks plain
 * HTTP to the client, presents the administrator's certificate to the server, and
 * keeps what passed. For tests alone: whoever reaches its port is administrator.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestServer } from "../../running-server.ts";
import { decodeContent, essence, isWatch, learnable, watchEssence } from "./exchange.ts";
import type { Exchange, Json, RecordedBody } from "./exchange.ts";
import { Placeholders } from "./placeholders.ts";
import { objectMetadata } from "./protobuf-metadata.ts";

export interface Recorder extends AsyncDisposable {
  /** For the client; without TLS. */
  readonly url: string;
  /** A kubeconfig (as JSON, which is YAML) that leads to the recorder. */
  readonly kubeconfig: string;
  /** What passed since the last call, in the order in which the requests began. Ends watches that still run. */
  take(): Promise<Exchange[]>;
}

interface Passing {
  exchange?: Exchange;
  readonly watch: boolean;
  readonly done: Promise<void>;
  readonly end: () => void;
}

/** Headers that change the answer. */
const relevantHeaders = ["accept", "accept-encoding", "content-type", "if-none-match"];

export async function startRecorder(server: TestServer): Promise<Recorder> {
  const agent = new Agent({ keepAlive: true, ...server.credentials });
  const placeholders = new Placeholders();
  let passing: Passing[] = [];
  const proxy = createServer((request, response) => {
    passing.push(pass({ server, agent, placeholders }, request, response));
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo; // a TCP listener has one
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    kubeconfig: kubeconfigFor(url),
    async take() {
      const taken = passing;
      passing = [];
      for (const one of taken) if (one.watch) one.end();
      await Promise.all(taken.map((one) => one.done));
      return taken.map((one) => one.exchange).filter((exchange) => exchange !== undefined);
    },
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      proxy.close();
      agent.destroy();
      await once(proxy, "close");
    },
  };
}

/** A kubeconfig without credentials. */
export function kubeconfigFor(url: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: url } }],
    users: [{ name: "test", user: {} }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: "default" } }],
    "current-context": "test",
  });
}

interface Between {
  readonly server: TestServer;
  readonly agent: Agent;
  readonly placeholders: Placeholders;
}

function pass(between: Between, request: IncomingMessage, response: ServerResponse): Passing {
  const url = request.url ?? "";
  const hiddenUrl = between.placeholders.hideUrl(url);
  const passed: Passing = { watch: isWatch(url), end: () => response.destroy(), done: forward() };
  return passed;

  async function forward(): Promise<void> {
    const body = await collect(request);
    const answer = await ask(between, request, body, response);
    if (answer === undefined) return; // the client left before it was answered
    const type = String(answer.message.headers["content-type"] ?? "");
    const status = answer.message.statusCode ?? 0;
    const received = decodeContent(answer.message.headers["content-encoding"], await answer.body);
    const streamed = passed.watch && status === 200;
    const content = streamed ? watchEssence(type, received) : essence(url, type, received);
    const recorded = requestBody(between.placeholders, body, request.headers["content-type"]);
    passed.exchange = {
      request: {
        method: request.method ?? "",
        url: hiddenUrl,
        headers: headersOf(between.placeholders, request),
        ...(recorded !== undefined && { body: recorded }),
      },
      answer: { status, type, ...(content !== undefined && { body: content }) },
    };
    if (!streamed)
      between.placeholders.learn(request.method ?? "", url, etag(answer.message), learnable(type, received));
  }
}

/** Sends the request on; the answer reaches the client as it comes, and its body here in the end. */
async function ask({ server, agent }: Between, request: IncomingMessage, body: Buffer, response: ServerResponse) {
  const target = new URL(server.url);
  const asking = httpsRequest({
    agent,
    host: target.hostname,
    port: target.port,
    method: request.method,
    path: request.url,
    headers: { ...request.headers, host: target.host },
  });
  response.once("close", () => void asking.destroy());
  asking.end(body);
  const message = await responseOf(asking, response);
  if (message === undefined || response.destroyed) return undefined;
  const chunks: Buffer[] = [];
  const whole = new Promise<Buffer>((resolve) => {
    message.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      response.write(chunk);
    });
    message.once("end", () => response.end());
    message.once("close", () => resolve(Buffer.concat(chunks)));
    message.on("error", () => undefined); // a client that leaves a watch ends it here; `close` follows
  });
  response.writeHead(message.statusCode ?? 0, message.headers);
  response.flushHeaders();
  return { message, body: whole };
}

/** Undefined when the client left before there was an answer. */
function responseOf(asking: ClientRequest, client: ServerResponse): Promise<IncomingMessage | undefined> {
  return new Promise((resolve, reject) => {
    asking.once("response", resolve);
    asking.on("error", (error) => (client.destroyed ? resolve(undefined) : reject(error)));
  });
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set
  return Buffer.concat(chunks);
}

function headersOf(placeholders: Placeholders, request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of relevantHeaders) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = name === "if-none-match" ? placeholders.hide(value) : value;
  }
  // The product alone: the rest is the client's version, platform and commit.
  const [product = ""] = (request.headers["user-agent"] ?? "").split(/[./]/, 1);
  if (product !== "") headers["user-agent"] = product;
  return headers;
}

function requestBody(placeholders: Placeholders, body: Buffer, type: string | undefined): RecordedBody | undefined {
  if (body.length === 0) return undefined;
  if (type?.includes("protobuf")) {
    const metadata = placeholders.hideMetadata(objectMetadata(body));
    return { base64: body.toString("base64"), ...(metadata !== undefined && { metadata }) };
  }
  const text = body.toString("utf8");
  const json = parsed(text);
  return json === undefined ? { text } : { json: placeholders.hideTree(json) };
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // YAML, or a document that is no JSON
  }
}

function etag(message: IncomingMessage): string | undefined {
  return typeof message.headers["etag"] === "string" ? message.headers["etag"] : undefined;
}
