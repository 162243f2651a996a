/**
 * Requests to the API of one cluster: with its trust and credentials, at a bounded pace, within bounds of time and size.
 *
 * Redirects are not followed, so that credentials go nowhere else.
 */
import { Agent as PlainAgent, request as plainRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { textField, field } from "../../facts/json-fields.ts";
import { decoded, linesOf, parseAnswer, wholeBody } from "./answer-body.ts";
import { ApiFailure, mayPass } from "./api-failure.ts";
import { Credentials } from "./credentials.ts";
import type { Shown } from "./credentials.ts";
import type { ClusterAccess } from "./kubeconfig.ts";
import { RateLimit, backoffMs } from "./pace.ts";

export interface ConnectionLimits {
  readonly requestsPerSecond: number;
  /** Of an answer, before it is compressed. */
  readonly bytesMax: number;
  /** Of one event of a watch. */
  readonly eventBytesMax: number;
  /** Without a byte. */
  readonly silentMsMax: number;
  /** Of one request that is no watch. */
  readonly requestMsMax: number;
  /** Of one request that may pass later. */
  readonly attemptsMax: number;
}

/** For clusters that behave; each bound is for those that do not. */
export const connectionLimits: ConnectionLimits = {
  requestsPerSecond: 100,
  bytesMax: 64 * 1024 * 1024,
  eventBytesMax: 16 * 1024 * 1024,
  silentMsMax: 30_000,
  requestMsMax: 300_000,
  attemptsMax: 5,
};

export interface ConnectionOptions {
  /** Of the process, for credential plugins. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  readonly limits?: Partial<ConnectionLimits>;
}

export interface Asked {
  readonly accept?: string;
  readonly signal: AbortSignal;
  /** Sent as JSON, by POST unless `method` says otherwise. */
  readonly body?: unknown;
  readonly method?: "DELETE" | "PUT";
  /** It changes something: not tried again, since the first try may have done it. */
  readonly once?: boolean;
}

const failuresQuotedMax = 300;

export class ApiConnection implements Disposable {
  readonly limits: ConnectionLimits;
  readonly #access: ClusterAccess;
  readonly #userAgent: string;
  readonly #credentials: Credentials;
  readonly #pace: RateLimit;
  #agent: { readonly agent: Agent | PlainAgent; readonly certificate: Shown["certificate"] } | undefined;

  constructor(access: ClusterAccess, { env, userAgent, limits }: ConnectionOptions) {
    this.#access = access;
    this.#userAgent = userAgent;
    this.limits = { ...connectionLimits, ...limits };
    this.#credentials = new Credentials(access, env);
    this.#pace = new RateLimit(this.limits.requestsPerSecond);
  }

  /** A decoded JSON answer. What may pass is tried again, with pauses. Raises {@link ApiFailure}. */
  async ask(path: string, asked: Asked): Promise<unknown> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.#askOnce(path, asked);
      } catch (error) {
        if (!mayPass(error) || asked.once === true || failures >= this.limits.attemptsMax) throw error;
        await sleep(Math.max(backoffMs(failures), error.retryAfterMs), undefined, { signal: asked.signal });
      }
    }
  }

  /** The lines of a stream, once. Raises {@link ApiFailure}. */
  async *stream(path: string, { accept, signal, msMax, onOpen }: Streamed): AsyncGenerator<string> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(msMax)]);
    const asked = { signal: limited, ...(accept !== undefined && { accept }) };
    try {
      const answer = await this.#answer(path, { ...asked, silentMsMax: msMax });
      if (answer.statusCode !== 200) throw await this.#refusal(answer);
      onOpen();
      yield* linesOf(decoded(answer), this.limits.eventBytesMax);
    } catch (error) {
      throw this.#failure(error, signal, limited);
    }
  }

  async #askOnce(path: string, asked: Asked): Promise<unknown> {
    const limited = AbortSignal.any([asked.signal, AbortSignal.timeout(this.limits.requestMsMax)]);
    try {
      const answer = await this.#answer(path, { ...asked, signal: limited, silentMsMax: this.limits.silentMsMax });
      if (answer.statusCode !== 200 && answer.statusCode !== 201) throw await this.#refusal(answer);
      return parseAnswer(await wholeBody(decoded(answer), this.limits.bytesMax));
    } catch (error) {
      throw this.#failure(error, asked.signal, limited);
    }
  }

  /** The head of the answer, with other credentials once when those that were shown are no longer good. */
  async #answer(path: string, sent: Sent): Promise<IncomingMessage> {
    await this.#pace.turn(sent.signal);
    const answer = await this.#send(path, sent, await this.#credentials.shown(sent.signal));
    if (answer.statusCode !== 401 || !this.#credentials.renew()) return answer;
    answer.destroy();
    return await this.#send(path, sent, await this.#credentials.shown(sent.signal));
  }

  async #send(
    path: string,
    { accept, signal, body, method, silentMsMax }: Sent,
    shown: Shown,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { server } = this.#access;
    const url = new URL(server.pathname.replace(/\/$/, "") + path, server);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...shown.headers,
      Accept: accept ?? "application/json",
      "Accept-Encoding": "gzip",
      "User-Agent": this.#userAgent,
      ...(text !== undefined && {
        "Content-Type": "application/json",
        "Content-Length": String(Buffer.byteLength(text)),
      }),
    };
    const options = { method: method ?? (text === undefined ? "GET" : "POST"), headers, signal, timeout: silentMsMax };
    const agent = this.#agentWith(shown.certificate);
    const asked =
      url.protocol === "http:"
        ? plainRequest(url, { ...options, agent })
        : request(url, { ...options, agent: agent as Agent }); // made for the same protocol
    let answered: IncomingMessage | undefined;
    asked.on("response", (answer: IncomingMessage) => resolve((answered = answer)));
    asked.on("timeout", () => {
      (answered ?? asked).destroy(new ApiFailure("unreachable", "the cluster was silent for too long"));
    });
    asked.on("error", reject);
    asked.end(text);
    return await promise;
  }

  #agentWith(certificate: Shown["certificate"]): Agent | PlainAgent {
    if (this.#agent !== undefined && sameCertificate(this.#agent.certificate, certificate)) return this.#agent.agent;
    this.#agent?.agent.destroy();
    const { server, trust } = this.#access;
    const settings = { keepAlive: true, maxSockets: 64, maxFreeSockets: 4 };
    const agent =
      server.protocol === "http:"
        ? new PlainAgent(settings)
        : new Agent({
            ...settings,
            ...certificate,
            ...(trust.ca !== undefined && { ca: trust.ca }),
            ...(trust.serverName !== undefined && { servername: trust.serverName }),
            rejectUnauthorized: !trust.insecure,
            minVersion: "TLSv1.2",
          });
    this.#agent = { agent, certificate };
    return agent;
  }

  /** Whatever was raised, as one of ours; the caller's own wish to stop stays what it is. */
  #failure(error: unknown, own: AbortSignal, limited: AbortSignal): unknown {
    if (own.aborted) return own.reason;
    if (error instanceof ApiFailure) return error;
    if (limited.aborted) return new ApiFailure("unreachable", "the cluster took too long to answer", { cause: error });
    if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return error;
    return transportFailure(error, error.code, this.#access.server.host);
  }

  /** What an answer that is no success says. Its body is a Status, or anything. */
  async #refusal(answer: IncomingMessage): Promise<ApiFailure> {
    const status = answer.statusCode ?? 0;
    const text = await wholeBody(decoded(answer), 1024 * 1024).catch(() => "");
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      body = undefined; // plain text of a proxy
    }
    return refusalOf(status, body, answer.headers["retry-after"]);
  }

  [Symbol.dispose](): void {
    this.#agent?.agent.destroy();
  }
}

export interface Streamed extends Asked {
  /** How long the server may take before it ends it. */
  readonly msMax: number;
  /** When the server has begun to answer. */
  readonly onOpen: () => void;
}

interface Sent extends Asked {
  readonly silentMsMax: number;
}

function sameCertificate(a: Shown["certificate"], b: Shown["certificate"]): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.cert.equals(b.cert) && a.key.equals(b.key);
}

/** The failure that a Status is, in an answer or in an event of a watch. */
export function refusalOf(status: number, body: unknown, retryAfter?: string): ApiFailure {
  const said = textField(body, "message").slice(0, failuresQuotedMax);
  const message = `the cluster answered with ${status}${said === "" ? "" : `: ${said}`}`;
  if (status === 401) return new ApiFailure("unauthenticated", message);
  if (status === 403) return new ApiFailure("forbidden", message);
  if (status === 404) return new ApiFailure("not-found", message);
  if (status === 410) return new ApiFailure("gone", message);
  if (status !== 429 && status < 500) return new ApiFailure("refused", message);
  const asked = Number(retryAfter ?? field(body, "details", "retryAfterSeconds") ?? 0);
  const retryAfterMs = Number.isFinite(asked) ? Math.min(Math.max(asked, 0), 60) * 1000 : 0;
  return new ApiFailure("overloaded", message, { retryAfterMs });
}

function transportFailure(error: Error, code: string, host: string): ApiFailure {
  if (/^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/.test(code)) {
    return new ApiFailure("refused", `${host} cannot be trusted (${code})`, { cause: error });
  }
  if (code.startsWith("Z_"))
    return new ApiFailure("nonsense", "the cluster answered with what is no gzip", { cause: error });
  if (code.startsWith("HPE_"))
    return new ApiFailure("nonsense", `${host} does not speak HTTP (${code})`, { cause: error });
  return new ApiFailure("unreachable", `the connection to ${host} failed (${code})`, { cause: error });
}
