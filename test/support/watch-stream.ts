/** A client that reads a watch event by event. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import type { Answer, TestServer } from "../running-server.ts";

export interface WatchStream extends AsyncDisposable {
  readonly status: number;
  readonly contentType: string;
  /** The next event; undefined when the server has ended the stream. */
  next(): Promise<Answer["json"] | undefined>;
  /** The next `count` events. */
  take(count: number): Promise<Answer["json"][]>;
  /** The next length-prefixed frame of a protobuf stream. */
  nextFrame(): Promise<Buffer | undefined>;
  /** All events until the server ends the stream. */
  rest(): Promise<Answer["json"][]>;
  close(): void;
}

/** Opens a watch on a connection of its own, as the administrator. */
export async function openWatch(
  server: Pick<TestServer, "url" | "credentials">,
  path: string,
  headers: Record<string, string> = {},
): Promise<WatchStream> {
  const request = httpsRequest(new URL(path, server.url), { ...server.credentials, headers, agent: false });
  request.end();
  // Node declares the arguments of events as unknown.
  const [response] = (await once(request, "response")) as [IncomingMessage];
  request.on("error", () => {}); // closing the watch resets the connection
  const close = () => void request.destroy();
  return { ...reader(response), close, [Symbol.asyncDispose]: async () => close() };
}

const newline = 10;

function reader(response: IncomingMessage) {
  const chunks = response[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const { value, done } = await chunks.next();
    if (done === true) return false;
    held = Buffer.concat([held, value as Buffer]); // no encoding is set, so chunks are buffers
    return true;
  };
  const next = async () => {
    for (;;) {
      const end = held.indexOf(newline);
      if (end >= 0) {
        const line = held.toString("utf8", 0, end);
        held = held.subarray(end + 1);
        return JSON.parse(line) as Answer["json"];
      }
      if (!(await more())) {
        assert.equal(held.length, 0, "the stream must end after a whole event");
        return undefined;
      }
    }
  };
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers["content-type"] ?? "",
    next,
    async take(count: number) {
      const events = [];
      while (events.length < count) {
        const event = await next();
        assert.notEqual(event, undefined, `the stream ended after ${events.length} of ${count} events`);
        events.push(event);
      }
      return events;
    },
    async nextFrame() {
      while (held.length < 4 || held.length < 4 + held.readUInt32BE(0)) {
        if (!(await more())) return undefined;
      }
      const length = held.readUInt32BE(0);
      const frame = held.subarray(4, 4 + length);
      held = held.subarray(4 + length);
      return frame;
    },
    async rest() {
      const events = [];
      for (let event = await next(); event !== undefined; event = await next()) events.push(event);
      return events;
    },
  };
}
