/**
 * The Kubernetes door: an HTTP handler that answers as a Kubernetes API server.
 *
 *   cross-site? -> what is asked -> open paths -> concurrency -> gate( route ) -> reply
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ResponseStatus } from "../../audit/audit-event.ts";
import { cutText } from "../../audit/cut-text.ts";
import { recordedDetails } from "./recorded-details.ts";
import { bodyBytesMaxDefault } from "../http/body.ts";
import { sourceAddresses } from "../http/client-address.ts";
import { headerText } from "../http/header-text.ts";
import { crossSiteRefusal } from "../http/cross-site.ts";
import type { ConcurrencyClass, ConcurrencyLimiter } from "../http/concurrency-limiter.ts";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import type { Annotate, Gate, GateContext, GateRequest, Outcome } from "../../gate/gate.ts";
import type { UserRules } from "../../access/rbac/rbac-index.ts";
import type { AuthenticatedRequest } from "../../identity/request-credentials.ts";
import type { User } from "../../identity/user.ts";
import { readImpersonation } from "./access/impersonation.ts";
import { lesserRights } from "./access/lesser-rights.ts";
import { AnswerEnds } from "./answer-end.ts";
import {
  ApiError,
  PageNotFoundError,
  badRequest,
  bodyTooLarge,
  statusOf,
  toApiError,
  tooManyRequests,
  storageReadError,
} from "./api-error.ts";
import type { TokenServices } from "./authentication/token-services.ts";
import type { DescribedKind, Kind } from "./kinds/kind.ts";
import { KubernetesMetrics } from "./metrics.ts";
import { authorizedResource, parseRequestInfo } from "./request-info.ts";
import type { RequestInfo, ResourceRequest } from "./request-info.ts";
import { encodeStatus } from "./response/encode-object.ts";
import { negotiateOutput } from "./response/negotiate-output.ts";
import { sendReply } from "./response/reply.ts";
import type { Review } from "./reviews/review.ts";
import type { Reply, WholeReply } from "./response/reply.ts";
import { Warnings } from "./response/warnings.ts";
import { findKind, routeResource } from "./route-resource.ts";
import type { KindStorage } from "./storage/kind-storage.ts";

/** Paths without a resource: discovery, OpenAPI, version, metrics. Undefined when the path is none of them. */
export type PathRoute = (request: PathRequest) => Promise<Reply | undefined>;

export interface PathRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
}

export interface KubernetesDoorOptions {
  readonly gate: Gate;
  readonly kinds: readonly Kind[];
  readonly reviews: readonly Review[];
  /** What a user may do in a namespace. */
  readonly rulesFor: (user: User, namespace: string) => UserRules;
  readonly storage: (kind: Kind) => KindStorage;
  /** Who is asking; raises `unauthenticated`. */
  readonly authenticate: (request: IncomingMessage) => Promise<AuthenticatedRequest>;
  readonly tokens: TokenServices;
  /**
   * Who is answered with values by patch, update, delete and deletecollection: those who may read them, or everybody who
   * may make the change, as upstream. Default: readers.
   */
  readonly valuesInAnswersToWrites?: "readers" | "writers";
  /** Answered without authentication and without a record: /livez, /readyz, /healthz. */
  readonly openPaths: PathRoute;
  readonly paths: PathRoute;
  readonly limiter: ConcurrencyLimiter;
  readonly metrics: KubernetesMetrics;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Buffer;
  readonly uuid: () => string;
  /** Reads a body of at most 3 MiB; raises `too-large`, `invalid`. */
  readonly readBody: (request: IncomingMessage) => Promise<Buffer>;
  /** Aborts when the server drains: watches end. */
  readonly draining: () => AbortSignal;
  /** For failures that are ours (5xx); never called with what a client alone can cause. */
  readonly onInternalError: (error: unknown, auditId: string) => void;
}

/** Before the target has been read. */
const noUrl = new URL("https://localhost/");
const readVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);

export function kubernetesDoor(options: KubernetesDoorOptions) {
  const ends = new AnswerEnds(options.draining);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const exchange = new Exchange(options, ends, request, response);
    await exchange.run();
  };
}

/** One request and its answer. */
class Exchange {
  readonly #options: KubernetesDoorOptions;
  readonly #ends: AnswerEnds;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #receivedAt: Date;
  readonly #auditId: string;
  readonly #warnings = new Warnings();
  #info: RequestInfo = { verb: "", path: "", resource: undefined };
  #url = noUrl;

  constructor(options: KubernetesDoorOptions, ends: AnswerEnds, request: IncomingMessage, response: ServerResponse) {
    this.#options = options;
    this.#ends = ends;
    this.#request = request;
    this.#response = response;
    this.#receivedAt = options.now();
    this.#auditId = proposedAuditId(request) ?? options.uuid();
  }

  async run(): Promise<void> {
    const reply = await this.#reply();
    const { verb } = this.#info;
    let { code } = reply;
    try {
      const warnings = this.#warnings.headers();
      if (warnings.length > 0) this.#response.setHeader("Warning", warnings);
      code = await sendReply(this.#request, this.#response, this.#withAuditId(reply), (error) =>
        this.#withAuditId(this.#failure(error)),
      );
    } finally {
      const seconds = (this.#options.now().getTime() - this.#receivedAt.getTime()) / 1000;
      this.#options.metrics.answered({ verb, resource: this.#knownResource(), code, seconds });
    }
  }

  #withAuditId<R extends Reply>(reply: R): R {
    return { ...reply, headers: { "Audit-Id": this.#auditId, ...reply.headers } };
  }

  async #reply(): Promise<Reply> {
    try {
      const refusal = crossSiteRefusal(this.#request.headers);
      if (refusal !== undefined) throw new ApiError(403, "Forbidden", `forbidden: ${refusal}`, { details: {} });
      this.#parse();
      // None of them is a resource's.
      const open = this.#info.resource === undefined ? await this.#options.openPaths(this.#pathRequest()) : undefined;
      return open ?? (await this.#limited());
    } catch (error) {
      return this.#failure(error);
    }
  }

  #parse(): void {
    try {
      this.#url = requestUrl(this.#request.url ?? "");
      this.#info = parseRequestInfo(this.#request.method ?? "", this.#url);
    } catch (error) {
      throw error instanceof ApiError ? error : badRequest("the URL must be valid");
    }
  }

  /** Takes a place among the concurrent requests for as long as the answer runs. */
  async #limited(): Promise<Reply> {
    const requestClass = this.#concurrencyClass();
    const release = this.#options.limiter.acquire(requestClass);
    if (release === undefined) throw tooManyRequests();
    this.#options.metrics.inFlight(requestClass, 1);
    this.#response.on("close", () => {
      release();
      this.#options.metrics.inFlight(requestClass, -1);
    });
    return this.#options.gate.run(this.#gateRequest(), (context) => this.#route(context));
  }

  #concurrencyClass(): ConcurrencyClass {
    const { verb, resource } = this.#info;
    if (verb === "watch") return "watch";
    return resource === undefined || readVerbs.has(verb) ? "read-only" : "mutating";
  }

  async #route(context: GateContext): Promise<Outcome<Reply>> {
    if (this.#info.resource !== undefined) return routeResource(this.#resourceExchange(context), this.#info.resource);
    const reply = await this.#options.paths(this.#pathRequest());
    if (reply === undefined) throw new PageNotFoundError();
    return { answer: reply, code: reply.code };
  }

  #resourceExchange(gate: GateContext) {
    const { kinds, reviews, rulesFor, tokens, storage, now, randomBytes, uuid, readBody } = this.#options;
    return {
      gate,
      kinds,
      reviews,
      rulesFor,
      tokens,
      storage,
      now,
      randomBytes,
      uuid,
      withholds: this.#options.valuesInAnswersToWrites !== "writers",
      verb: this.#info.verb,
      query: this.#url.searchParams,
      accept: this.#request.headers.accept,
      userAgent: this.#request.headers["user-agent"] ?? "",
      contentType: this.#request.headers["content-type"],
      body: () => readBody(this.#request).catch(explainBodyError),
      warn: (text: string) => this.#warnings.add(text),
      end: this.#ends.of(this.#response),
    };
  }

  #pathRequest(): PathRequest {
    return { method: this.#request.method ?? "", url: this.#url, headers: this.#request.headers };
  }

  #gateRequest(): GateRequest {
    const { verb, path } = this.#info;
    const resource = authorizedResource(this.#info);
    return {
      auditId: this.#auditId,
      door: "kubernetes",
      verb,
      uri: this.#request.url ?? "",
      sourceIPs: sourceAddresses(this.#request.headers, this.#request.socket.remoteAddress ?? ""),
      userAgent: headerText(this.#request.headers["user-agent"] ?? ""),
      receivedAt: this.#receivedAt,
      resource,
      path: resource === undefined ? path : undefined,
      authenticate: (annotate) => this.#authenticate(annotate),
      ...(resource !== undefined && { lesser: () => this.#lesserRights(resource) }),
      warn: (text) => this.#warnings.add(text),
      impersonate: () => readImpersonation(this.#request.rawHeaders),
      describeError,
    };
  }

  async #authenticate(annotate: Annotate): Promise<User> {
    const { user, annotations = [], warnings = [] } = await this.#options.authenticate(this.#request);
    for (const [key, text] of annotations) annotate(key, text);
    for (const text of warnings) this.#warnings.add(text);
    return user;
  }

  #lesserRights(resource: ResourceRequest) {
    const { accept, "user-agent": userAgent = "" } = this.#request.headers;
    const query = this.#url.searchParams;
    const kind = findKind(this.#options.kinds, resource);
    return lesserRights(kind, { verb: this.#info.verb, resource, accept, userAgent, query });
  }

  #failure(error: unknown): WholeReply {
    if (error instanceof PageNotFoundError) {
      return { code: 404, contentType: "text/plain; charset=utf-8", body: Buffer.from(`${error.message}\n`) };
    }
    const apiError = toApiError(error);
    // What is an ApiError already was decided on purpose: a client can cause it at will. Damage is told all the same.
    const isDamage = apiError.reason === storageReadError;
    if (apiError.code >= 500 && (apiError !== error || isDamage)) this.#options.onInternalError(error, this.#auditId);
    const format = this.#statusFormat();
    const retryAfter = apiError.details?.retryAfterSeconds;
    return {
      code: apiError.code,
      contentType: format.media,
      headers: {
        "X-Content-Type-Options": "nosniff",
        ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
      },
      body: encodeStatus(statusOf(apiError), format),
    };
  }

  /** The media type the client asked for where it can be a Status, else JSON. */
  #statusFormat() {
    try {
      const { accept } = this.#request.headers;
      const userAgent = this.#request.headers["user-agent"] ?? "";
      const { media, pretty } = negotiateOutput({ accept, userAgent }, this.#url.searchParams, {
        views: "none",
        watch: false,
      });
      return { media, pretty };
    } catch {
      // Nothing acceptable: the refusal itself has to be told in some form.
      return { media: "application/json" as const, pretty: false };
    }
  }

  #knownResource(): string {
    const resource = this.#info.resource?.resource ?? "";
    const isKnown = (kind: DescribedKind) => kind.resource === resource;
    return this.#options.kinds.some(isKnown) || this.#options.reviews.some(isKnown) ? resource : "";
  }
}

function describeError(error: unknown): ResponseStatus {
  if (error instanceof PageNotFoundError) return { code: 404, reason: "NotFound" };
  const { code, reason, message, details } = toApiError(error);
  return {
    code,
    reason,
    // What is wrong with what was sent is told by quoting it.
    ...(!quotingCodes.has(code) && { message: cutText(message, recordedMessageMax) }),
    ...(details !== undefined && { details: recordedDetails(details) }),
  };
}

const quotingCodes: ReadonlySet<number> = new Set([400, 415, 422, 500]);
const recordedMessageMax = 1024;

/** What was sent is too large: in the words of upstream, which clients show. */
function explainBodyError(error: unknown): never {
  if (isStrongroomError(error, "too-large")) throw bodyTooLarge(bodyBytesMaxDefault);
  throw error;
}

const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * The URL of an origin-form target. The URL parser would resolve dot segments, take
 * `//name/` for a host and `\` for a slash: two readers of one path (a proxy and this
 * door) must not see two different ones, so the first is refused and the others are
 * taken as they are.
 */
function requestUrl(target: string): URL {
  const [path = ""] = target.split("?", 1);
  if (dotSegment.test(path)) throw badRequest("the path must not contain the segments . and ..");
  const query = target.slice(path.length);
  return new URL(`https://localhost${path.replaceAll("\\", "%5C").replaceAll("#", "%23")}${query}`);
}

/** A client may propose the id of its audit event, as upstream allows. */
function proposedAuditId(request: IncomingMessage): string | undefined {
  const proposed = request.headers["audit-id"];
  return typeof proposed === "string" && /^[A-Za-z0-9-]{1,64}$/.test(proposed) ? proposed : undefined;
}
