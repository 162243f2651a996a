/**
 * A document that does not change while the server runs: encoded once, known by
 * its hash, and not sent again to a client that has it.
 *
 * Source: apiserver pkg/endpoints/discovery/aggregated/etag.go (the form of the
 * ETag, and the comparison as a whole).
 */
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { gzipSync } from "node:zlib";
import type { Reply } from "../response/reply.ts";

/** Below this size compression does not pay. */
const gzipBytesMin = 1400;

export class StaticDocument {
  readonly contentType: string;
  readonly body: Buffer;
  /** Upper-case hexadecimal SHA-512 of the body. */
  readonly hash: string;
  #gzipped: Buffer | undefined;

  constructor(contentType: string, body: Buffer | string) {
    this.contentType = contentType;
    this.body = Buffer.from(body);
    this.hash = createHash("sha512").update(this.body).digest("hex").toUpperCase();
  }

  /** The answer to a GET: 304 when the client names the document's ETag, else the document, compressed if accepted. */
  reply(request: IncomingHttpHeaders, more: Readonly<Record<string, string>> = {}): Reply {
    const headers = { ETag: `"${this.hash}"`, Vary: "Accept, Accept-Encoding", ...more };
    if (namesEtag(request["if-none-match"], headers.ETag)) {
      return { code: 304, contentType: this.contentType, headers, body: Buffer.alloc(0) };
    }
    if (this.body.length < gzipBytesMin || !acceptsGzip(request["accept-encoding"])) {
      return { code: 200, contentType: this.contentType, headers, body: this.body };
    }
    this.#gzipped ??= gzipSync(this.body, { level: 9 });
    const encoded = { ...headers, "Content-Encoding": "gzip" };
    return { code: 200, contentType: this.contentType, headers: encoded, body: this.#gzipped };
  }
}

function namesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag || tag.trim() === "*");
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i.test(String(header ?? ""));
}
