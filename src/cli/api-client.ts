import { Agent, request } from "node:https";
import { parse } from "yaml";

import { StrongroomError } from "../errors/strongroom-error.ts";

/** An answer of the published API: its status and the decoded JSON body. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A client of the published API, with the address, the trust and the certificate of a kubeconfig. */
export class ApiClient implements Disposable {
  readonly #server: string;
  readonly #agent: Agent;

  /** Raises `invalid` unless the text is a kubeconfig that carries its certificates and its key inside. */
  constructor(kubeconfig: string) {
    const document: unknown = parse(kubeconfig);
    const cluster = at(at(at(document, "clusters"), 0), "cluster");
    const user = at(at(at(document, "users"), 0), "user");
    this.#server = textAt(cluster, "server");
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: bytesAt(cluster, "certificate-authority-data"),
      cert: bytesAt(user, "client-certificate-data"),
      key: bytesAt(user, "client-key-data"),
    });
  }

  /** Sends a request with a JSON body, if any. Rejects when there is no answer, or one that is no JSON. */
  async send(method: "GET" | "POST", path: string, body?: unknown): Promise<ApiAnswer> {
    const headers = {
      Accept: "application/json",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>();
    const asked = request(new URL(path, this.#server), { method, headers, agent: this.#agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        try {
          resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) });
        } catch (cause) {
          reject(new StrongroomError("unavailable", "the server must answer in JSON", { cause }));
        }
      });
    });
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** The member `key` of a decoded document, undefined where there is none. */
export function at(value: unknown, key: string | number): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key]; // an object with that own member
}

function textAt(value: unknown, key: string): string {
  const text = at(value, key);
  if (typeof text === "string") return text;
  throw new StrongroomError("invalid", `the kubeconfig must have ${key} inside`);
}

function bytesAt(value: unknown, key: string): Buffer {
  return Buffer.from(textAt(value, key), "base64");
}
