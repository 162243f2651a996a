/** Requests whose answer may break off at any byte: what came until then is kept. */
import { connect } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";
import type { ClientCredentials } from "../running-server.ts";

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** The client goes when it has got something. */
  readonly hangsUp?: boolean;
}

export interface Received {
  /** Undefined when not even that came. */
  readonly status: number | undefined;
  readonly bytes: Buffer;
  /** Whether the answer ended as the server ends one. */
  readonly isWhole: boolean;
}

export interface Transport {
  /** Never rejects: a connection that breaks is what is tested. */
  send(sent: Sent): Promise<Received>;
  close(): void;
}

class Arriving {
  status: number | undefined;
  readonly #chunks: Buffer[] = [];

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  end(isWhole: boolean): Received {
    return { status: this.status, bytes: Buffer.concat(this.#chunks), isWhole };
  }
}

export function overHttp1(url: string, credentials: ClientCredentials): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 32, ...credentials });
  return {
    send: ({ method, path, headers, body, hangsUp = false }) =>
      new Promise((resolve) => {
        const arriving = new Arriving();
        const broken = () => resolve(arriving.end(false));
        const request = httpsRequest(new URL(path, url), { method, agent, headers: { ...headers } }, (response) => {
          arriving.status = response.statusCode;
          response.on("data", (chunk: Buffer) => {
            arriving.add(chunk);
            if (hangsUp) request.destroy();
          });
          response.on("error", broken).on("close", broken);
          response.on("end", () => resolve(arriving.end(response.complete && !hangsUp)));
        });
        request.on("error", broken);
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

export function overHttp2(url: string, credentials: ClientCredentials): Transport {
  const session = connect(url, { ...credentials });
  session.on("error", () => {}); // each request is told by its own stream
  return {
    send: ({ method, path, headers, body, hangsUp = false }) =>
      new Promise((resolve) => {
        const arriving = new Arriving();
        if (session.destroyed || session.closed) return resolve(arriving.end(false));
        const stream = session.request(
          { ...headers, ":method": method, ":path": path },
          { endStream: body === undefined },
        );
        if (body !== undefined) stream.end(body);
        let hasEnded = false;
        stream.on("response", (answered) => (arriving.status = answered[":status"]));
        stream.on("data", (chunk: Buffer) => {
          arriving.add(chunk);
          if (hangsUp) stream.destroy();
        });
        stream.on("end", () => (hasEnded = true));
        stream.on("error", () => {});
        stream.on("close", () => resolve(arriving.end(hasEnded && !hangsUp && stream.rstCode === 0)));
      }),
    close: () => session.destroy(),
  };
}
