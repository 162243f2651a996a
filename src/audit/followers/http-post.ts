/** Posts batches over HTTP. What it is answered counts by its status alone, and nothing of it is kept. */
import { readFile } from "node:fs/promises";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { StrongroomError } from "../../errors/strongroom-error.ts";

export interface HttpReceiver {
  readonly url: URL;
  /** PEM; undefined for the authorities that the system trusts. */
  readonly ca?: Buffer | undefined;
  /** The name that the receiver's certificate must have, if it is another than that of the address. */
  readonly serverName?: string | undefined;
  /** Nothing of the receiver is checked. */
  readonly insecure?: boolean;
  readonly certificate?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** The value of the header Authorization; read for each batch, since a token may be renewed. */
  readonly authorization?: (() => Promise<string | undefined>) | undefined;
}

/** As upstream's for webhooks: with the answer. */
const answerMsMax = 30_000;
/** An answer that does not end is cut: what it says is nobody's business. */
const answerBytesMax = 64 * 1024;

export class HttpPost {
  readonly #receiver: HttpReceiver;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #answerMsMax: number;

  constructor(receiver: HttpReceiver, timeoutMs = answerMsMax) {
    this.#receiver = receiver;
    this.#answerMsMax = timeoutMs;
    const { ca, certificate, serverName, insecure } = receiver;
    this.#agent =
      receiver.url.protocol === "http:"
        ? new HttpAgent({ keepAlive: true, maxSockets: 1 })
        : new HttpsAgent({
            keepAlive: true,
            maxSockets: 1,
            ...(ca !== undefined && { ca }),
            ...certificate,
            ...(serverName !== undefined && { servername: serverName }),
            rejectUnauthorized: insecure !== true,
          });
  }

  /** Resolves when the receiver answered with a status of success; rejects with `unavailable` otherwise. */
  async post(body: string, contentType: string, signal: AbortSignal): Promise<void> {
    const authorization = await this.#receiver.authorization?.();
    const bytes = Buffer.from(body, "utf8");
    const headers = {
      "Content-Type": contentType,
      "Content-Length": bytes.length,
      "User-Agent": "strongroom-audit",
      ...(authorization !== undefined && { Authorization: authorization }),
    };
    const code = await this.#send(bytes, headers, AbortSignal.any([signal, AbortSignal.timeout(this.#answerMsMax)]));
    // A redirect is no receipt, and following it would hand the records to whoever answers.
    if (code < 200 || code > 299) throw failed(`must answer with a status of success, not ${code}`);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(bytes: Buffer, headers: Record<string, string | number>, signal: AbortSignal): Promise<number> {
    const { url } = this.#receiver;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const options = { method: "POST", agent: this.#agent, headers, signal };
    const onAnswer = (answer: IncomingMessage) => {
      let read = 0;
      const isDone = () => resolve(answer.statusCode ?? 0);
      answer.on("data", (chunk: Buffer) => {
        read += chunk.length;
        if (read <= answerBytesMax) return;
        isDone();
        answer.destroy();
      });
      answer.on("end", isDone);
      answer.on("error", (error) => reject(failed("must answer completely", error)));
    };
    const request =
      url.protocol === "http:" ? httpRequest(url, options, onAnswer) : httpsRequest(url, options, onAnswer);
    request.on("error", (error) => reject(failed("must be reachable and answer in time", error)));
    request.end(bytes);
    return promise;
  }
}

function failed(what: string, cause?: unknown): StrongroomError {
  return new StrongroomError("unavailable", `the receiver of audit records ${what}`, { cause });
}

/** A header for a token in a file, as it is there each time. */
export function bearerFromFile(path: string): () => Promise<string> {
  return async () => `Bearer ${(await readFile(path, "utf8")).trim()}`;
}
