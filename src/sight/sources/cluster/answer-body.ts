/** Bodies of answers, within bounds: whole as JSON, or as a stream of lines. */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ApiFailure } from "./api-failure.ts";

/** The body as it was before it was compressed. */
export function decoded(answer: IncomingMessage): Readable {
  const encoding = answer.headers["content-encoding"] ?? "identity";
  if (encoding === "identity") return answer;
  if (encoding !== "gzip") {
    answer.destroy();
    throw new ApiFailure(
      "nonsense",
      `the cluster answered in the encoding ${encoding.slice(0, 40)}, which was not asked for`,
    );
  }
  const unzipped = createGunzip();
  answer.on("error", (error) => unzipped.destroy(error));
  unzipped.on("close", () => answer.destroy());
  return answer.pipe(unzipped);
}

/** The whole body. Raises `too-large` beyond `bytesMax`, without reading further. */
export async function wholeBody(body: Readable, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // A Readable of an answer gives buffers.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) throw new ApiFailure("too-large", `the cluster answered with more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The lines of a body, as they come. Raises `too-large` for a line beyond `bytesMax`. A last line without its end is left out. */
export async function* linesOf(body: Readable, bytesMax: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      yield Buffer.concat(parts).toString("utf8");
      parts = [];
      size = 0;
      from = end + 1;
    }
    size += chunk.length - from;
    if (size > bytesMax) throw new ApiFailure("too-large", `the cluster sent an event of more than ${bytesMax} bytes`);
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
}

/** JSON. Raises `nonsense` for what is none, without its text. */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiFailure("nonsense", "the cluster answered with what is no JSON");
  }
}
