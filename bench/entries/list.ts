/** One client that lists, one connection: how long the whole answer takes, and whether it is whole. */
import { Agent, request } from "node:https";
import type { ClientCredentials } from "../../test/running-server.ts";
import { answerMessages, entryOptions, tell } from "./entry.ts";

export interface ListOptions {
  readonly url: string;
  readonly credentials: ClientCredentials;
}

export interface Listed {
  readonly milliseconds: number;
  readonly bytes: number;
  /** Objects counted by their uid. */
  readonly objects: number;
}

const { url, credentials } = entryOptions<ListOptions>();
const agent = new Agent({ keepAlive: true, maxSockets: 1, ...credentials });
const mark = Buffer.from('"uid":"');

answerMessages<{ path: string }>(async ({ path }) => list(path));
process.once("SIGTERM", () => process.exit(0));
tell({});

function list(path: string): Promise<Listed> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { agent }, (response) => {
      let [bytes, objects] = [0, 0];
      let tail: Buffer = Buffer.alloc(0);
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        // A mark may be cut by the border of two pieces.
        objects += marksIn(Buffer.concat([tail, chunk.subarray(0, mark.length - 1)])) + marksIn(chunk);
        tail = chunk.subarray(Math.max(0, chunk.length - mark.length + 1));
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode !== 200) reject(new Error(`a list was answered with ${response.statusCode}`));
        else resolve({ milliseconds: performance.now() - startedMs, bytes, objects });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

function marksIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) count += 1;
  return count;
}
