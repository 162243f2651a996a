/**
 * The audit webhook: `POST /apis/audit.strongroom.dev/v1/clusters/NAME/events`, where the API servers of a cluster send their audit
 * (`--audit-webhook-config-file`).
 *
 *   is it here? -> cross-site? -> gate( who speaks for which cluster -> for this one? -> body -> on record ) -> answer
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Decision } from "../../access/authorizer.ts";
import { TooManyReportsError } from "../../audit/cluster/cluster-reports.ts";
import type { ClusterReports, Received } from "../../audit/cluster/cluster-reports.ts";
import { auditWebhookDoor as doorName, reportedResource } from "../../audit/cluster/received-batch.ts";
import type { Attributes } from "../../access/authorizer.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Gate, GateContext, GateRequest, Outcome } from "../../gate/gate.ts";
import type { User } from "../../identity/user.ts";
import { readBody } from "../http/body.ts";
import { sourceAddresses } from "../http/client-address.ts";
import { crossSiteRefusal } from "../http/cross-site.ts";
import { headerText } from "../http/header-text.ts";
import type { AuditWebhookMetrics } from "./audit-webhook-metrics.ts";
import { listBytesMax, readEventList } from "./report-list.ts";
import { reporterOf, reportersOf } from "./reporters.ts";
import type { Reporter } from "./reporters.ts";
import { recordedStatus, webhookStatusOf } from "./webhook-status.ts";

export interface AuditWebhookOptions {
  readonly gate: Gate;
  /** At least one. */
  readonly clusters: readonly (Reporter & { readonly reports: ClusterReports })[];
  /** Whoever is a user of this server. Raises `unauthenticated`. */
  readonly authenticate: (request: IncomingMessage) => Promise<User>;
  readonly metrics: AuditWebhookMetrics;
  readonly now: () => Date;
  readonly uuid: () => string;
  /** For failures that are ours; never called with what a client alone can cause. */
  readonly onInternalError: (error: unknown) => void;
}

const pathPattern = /^\/apis\/audit\.strongroom\.dev\/v1\/clusters\/([a-z0-9-]{1,63})\/events$/;
/** Batches of one cluster that are in hand at a time, from the first byte of the body to the answer: each of up to 11 MiB, and parsed several times that. */
const batchesMax = 4;

/** Requests of whomever that are in hand at a time: while the audit log waits for its disk, strangers must not fill the memory. */
const requestsMax = 200;

export class AuditWebhook {
  readonly #options: AuditWebhookOptions;
  #requests = 0;
  readonly #inHand = new Map<string, number>();

  constructor(options: AuditWebhookOptions) {
    this.#options = options;
  }

  /** Answers what is this door's; false for every other request, which is untouched. */
  takes(request: IncomingMessage, response: ServerResponse): false | Promise<void> {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const [, name] = pathPattern.exec(path) ?? [];
    return name === undefined ? false : this.#answer(name, request, response);
  }

  async #answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests += 1;
    try {
      if (this.#requests > requestsMax)
        throw new TooManyReportsError(`requests of the audit webhook must be at most ${requestsMax} at a time`);
      const refusal = crossSiteRefusal(request.headers);
      if (refusal !== undefined) throw new StrongroomError("denied", refusal);
      const asked = this.#gateRequest(name, request);
      const received = await this.#options.gate.run(asked, (context) => this.#receive(name, request, context));
      send(response, 200, { status: "Success", message: receivedText(received), received });
    } catch (error) {
      const { code, reason, message, retryAfter } = webhookStatusOf(error);
      if (code === 500) this.#options.onInternalError(error);
      const isKnown = this.#options.clusters.some(({ cluster }) => cluster.name === name);
      if (isKnown) this.#options.metrics.refused(name, code);
      if (retryAfter !== undefined) response.setHeader("Retry-After", String(retryAfter));
      send(response, code, { status: "Failure", message, reason, code });
    } finally {
      this.#requests -= 1;
    }
  }

  async #receive(name: string, request: IncomingMessage, context: GateContext): Promise<Outcome<Received>> {
    const known = this.#options.clusters.find(({ cluster }) => cluster.name === name);
    if (known === undefined) throw new StrongroomError("not-found", "the cluster must be one of the configuration");
    if (request.method !== "POST") throw new StrongroomError("invalid", "the method must be POST");
    const received = await this.#inTurn(name, async () =>
      known.reports.receive(readEventList(await readBody(request, listBytesMax))),
    );
    context.annotate("audit.strongroom.dev/received", receivedText(received));
    this.#options.metrics.received(name, received, this.#options.now());
    return { answer: received, code: 200 };
  }

  /** Those that wait for the log hold their place, too: a cluster must not be able to fill the memory with what waits. */
  async #inTurn<T>(name: string, receive: () => Promise<T>): Promise<T> {
    const inHand = this.#inHand.get(name) ?? 0;
    if (inHand >= batchesMax)
      throw new TooManyReportsError(`a cluster must have at most ${batchesMax} batches in hand at a time`);
    this.#inHand.set(name, inHand + 1);
    try {
      return await receive();
    } finally {
      this.#inHand.set(name, (this.#inHand.get(name) ?? 1) - 1);
    }
  }

  #gateRequest(name: string, request: IncomingMessage): GateRequest {
    return {
      auditId: this.#options.uuid(),
      door: doorName,
      verb: "create",
      uri: request.url ?? "",
      sourceIPs: sourceAddresses(request.headers, request.socket.remoteAddress ?? ""),
      userAgent: headerText(request.headers["user-agent"] ?? ""),
      receivedAt: this.#options.now(),
      resource: { ...reportedResource, namespace: "", name },
      path: undefined,
      authenticate: () => reporterOf(request, this.#options.clusters, this.#options.authenticate),
      describeError: recordedStatus,
    };
  }
}

/** Who speaks for a cluster may report of that one, and nobody may do anything else here. */
export async function authorizeReport({ user, verb, resource }: Attributes): Promise<Decision> {
  const isReport =
    verb === "create" &&
    resource?.apiGroup === reportedResource.apiGroup &&
    resource.resource === reportedResource.resource &&
    resource.subresource === reportedResource.subresource;
  return isReport && user.groups.includes(reportersOf(resource.name))
    ? { type: "allow", reason: `the credential is that of the cluster ${resource.name}` }
    : { type: "deny", reason: "a cluster speaks for itself alone" };
}

function receivedText({ kept, repeated, passedOver, unreadable, bodiesDropped }: Received): string {
  const more = bodiesDropped > 0 ? `, ${bodiesDropped} without their bodies` : "";
  return `kept ${kept}${more}, repeated ${repeated}, passed over ${passedOver}, unreadable ${unreadable}`;
}

function send(response: ServerResponse, code: number, status: Readonly<Record<string, unknown>>): void {
  response.statusCode = code;
  response.setHeader("content-type", "application/json");
  response.setHeader("x-content-type-options", "nosniff");
  response.end(JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, ...status }));
}
