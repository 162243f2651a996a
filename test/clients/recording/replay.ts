/** Sends the recorded requests of a client again and compares what comes back. */
import assert from "node:assert/strict";
import type { Answer, TestServer } from "../../running-server.ts";
import { openWatch } from "../../support/watch-stream.ts";
import type { WatchStream } from "../../support/watch-stream.ts";
import { essence, eventEssence, frameEssence, isObject, isOwnEvent, isWatch, learnable } from "./exchange.ts";
import type { Exchange, Json, RecordedBody } from "./exchange.ts";
import { Placeholders } from "./placeholders.ts";
import { withObjectMetadata } from "./protobuf-metadata.ts";
import type { Session } from "./recording-file.ts";

/** Objects that go in their own time (a namespace with its content) are asked for again; a bound in requests. */
const asksMax = 500;

/** One client's session with one server, from its first request on. */
export class Replay implements AsyncDisposable {
  readonly #server: TestServer;
  readonly #placeholders = new Placeholders();

  constructor(server: TestServer) {
    this.#server = server;
  }

  /** Plays the requests of one command, in order; raises at the first answer that differs. */
  async play({ title, exchanges }: Session[number]): Promise<void> {
    await this.#play(exchanges).catch((error: Error) => {
      throw new Error(`${title}: ${error.message}`, { cause: error });
    });
  }

  async #play(exchanges: readonly Exchange[]): Promise<void> {
    const watches: { stream: WatchStream; exchange: Exchange }[] = [];
    try {
      for (const exchange of exchanges) {
        const url = this.#placeholders.fillUrl(exchange.request.url);
        if (isWatch(url) && exchange.answer.status === 200) {
          watches.push({ stream: await openWatch(this.#server, url, this.#headers(exchange)), exchange });
        } else await this.#exchange(exchange, url);
      }
      for (const { stream, exchange } of watches) await compareEvents(stream, exchange);
    } finally {
      for (const { stream } of watches) stream.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #exchange(exchange: Exchange, url: string): Promise<void> {
    const { request, answer: expected } = exchange;
    const headers = this.#headers(exchange);
    const body = request.body === undefined ? undefined : this.#body(request.body);
    let answer = await this.#server.call(request.method, url, { headers, ...(body !== undefined && { body }) });
    for (let asks = 1; request.method === "GET" && expected.status === 404 && answer.status === 200; asks += 1) {
      assert.ok(asks < asksMax, `${url} is still there`);
      answer = await this.#server.call(request.method, url, { headers });
    }
    const type = String(answer.headers["content-type"] ?? "");
    const content = essence(url, type, answer.body);
    assert.deepEqual(
      { status: answer.status, type, ...(content !== undefined && { body: content }) },
      expected,
      `${request.method} ${url}`,
    );
    this.#placeholders.learn(request.method, url, etagOf(answer), learnable(type, answer.body));
  }

  #headers({ request }: Exchange): Record<string, string> {
    const { "if-none-match": etag, ...headers } = request.headers;
    return etag === undefined ? headers : { ...headers, "if-none-match": this.#placeholders.fill(etag) };
  }

  #body(body: RecordedBody): string | Buffer {
    if ("base64" in body) {
      const bytes = Buffer.from(body.base64, "base64");
      return body.metadata === undefined
        ? bytes
        : withObjectMetadata(bytes, this.#placeholders.fillMetadata(body.metadata));
    }
    return "text" in body ? body.text : JSON.stringify(this.#placeholders.fillTree(body.json));
  }
}

/** The events that were recorded must come, in their order; bookmarks come when they come. */
async function compareEvents(stream: WatchStream, { request, answer }: Exchange): Promise<void> {
  assert.equal(stream.status, answer.status, request.url);
  assert.equal(stream.contentType, answer.type, request.url);
  const recorded = Array.isArray(answer.body) ? answer.body : [];
  const expected = recorded.filter((event) => !isPlainBookmark(event));
  const seen: Json[] = [];
  while (seen.length < expected.length) {
    const event = await nextEvent(stream, answer.type);
    assert.notEqual(event, undefined, `${request.url} ended after ${seen.length} events`);
    if (event !== undefined && !isPlainBookmark(event) && !isOwnEvent(event)) seen.push(event);
  }
  assert.deepEqual(seen, expected, request.url);
}

async function nextEvent(stream: WatchStream, type: string): Promise<Json | undefined> {
  if (type.includes("protobuf")) {
    const frame = await stream.nextFrame();
    return frame === undefined ? undefined : frameEssence(frame);
  }
  const event = await stream.next();
  return event === undefined ? undefined : eventEssence(JSON.stringify(event));
}

function isPlainBookmark(event: Json): boolean {
  if (!isObject(event) || event["type"] !== "BOOKMARK") return false;
  return !JSON.stringify(event).includes("initial-events-end");
}

function etagOf(answer: Answer): string | undefined {
  return typeof answer.headers["etag"] === "string" ? answer.headers["etag"] : undefined;
}
