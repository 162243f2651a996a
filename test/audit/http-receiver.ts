/** A receiver of HTTPS requests that answers as it is told to. */
import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { KeyPair } from "../support/certificates.ts";

export interface ReceivedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface ReceiverAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  /** Sent again and again, without an end. */
  readonly endless?: string;
}

export interface HttpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  answer: ReceiverAnswer;
  until(isMet: () => boolean): Promise<void>;
  /** Resolves when a client did not accept the certificate. */
  untilRefused(): Promise<void>;
}

export async function startHttpReceiver({ certPem, keyPem }: KeyPair): Promise<HttpReceiver> {
  const requests: ReceivedRequest[] = [];
  const waiting = new Set<() => void>();
  const refused = Promise.withResolvers<void>();
  const server = createServer({ cert: certPem, key: keyPem });
  const receiver: HttpReceiver = {
    url: "",
    requests,
    answer: { status: 200 },
    until: (isMet) =>
      new Promise((resolve) => {
        const look = () => {
          if (!isMet()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    untilRefused: () => refused.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  server.on("tlsClientError", () => refused.resolve());
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      const { status, headers, endless } = receiver.answer;
      response.writeHead(status, headers);
      if (endless === undefined) response.end();
      else writeOn(response, endless);
      for (const look of waiting) look();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  return Object.assign(receiver, { url: `https://127.0.0.1:${port}/audit` });
}

function writeOn(response: ServerResponse, text: string): void {
  response.on("error", () => {});
  const go = () => {
    if (response.destroyed) return;
    if (response.write(text)) setImmediate(go);
    else response.once("drain", go);
  };
  go();
}
