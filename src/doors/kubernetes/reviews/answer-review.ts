/** POST of a question. Source: apiserver pkg/endpoints/handlers/create.go; k/k pkg/registry/authorization. */
import type { GateContext, Outcome } from "../../../gate/gate.ts";
import type { UserRules } from "../../../access/rbac/rbac-index.ts";
import type { User } from "../../../identity/user.ts";
import { writeJson } from "../codec/json-writer.ts";
import { keepRequest } from "../verbs/keep-request.ts";
import { PageNotFoundError, badRequest, methodNotAllowed } from "../api-error.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import type { ResourceRequest } from "../request-info.ts";
import { apiVersionOf, encodeTree, withType } from "../response/encode-object.ts";
import { negotiateOutput } from "../response/negotiate-output.ts";
import type { Reply } from "../response/reply.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { readCreateOptions } from "../validation/options.ts";
import { inputMediaType, readObject } from "../verbs/read-object.ts";
import { requireValid } from "../verbs/verb-context.ts";
import type { TokenServices } from "../authentication/token-services.ts";
import type { Review } from "./review.ts";

/** The request, as far as a question needs it. */
export interface ReviewExchange {
  readonly gate: GateContext;
  readonly verb: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly userAgent: string;
  readonly body: () => Promise<Buffer>;
  readonly now: () => Date;
  readonly warn: (text: string) => void;
  readonly rulesFor: (user: User, namespace: string) => UserRules;
  readonly tokens: TokenServices;
}

/** Answers a request for the kind; `contentType` is the media type of the body. */
export async function answerReview(
  exchange: ReviewExchange,
  review: Review,
  target: ResourceRequest,
  contentType: string,
): Promise<Outcome<Reply>> {
  requireCreate(exchange, review, target);
  const { accept, userAgent, query, gate } = exchange;
  const format = negotiateOutput({ accept, userAgent }, query, { views: "none", watch: false });
  const media = inputMediaType(contentType);
  const body = await exchange.body();
  const { kind, options, errors } = readCreateOptions(query);
  requireValid({ group: "meta.k8s.io", kind }, "", errors);
  const expected = { kind: review.kind, apiVersion: apiVersionOf(review), schema: review.schema };
  const { tree, warnings } = readObject(body, media, expected, options.fieldValidation);
  for (const text of warnings) exchange.warn(text);
  keepRequest(gate, review, tree);
  const namespace = review.namespaced ? target.namespace : "";
  const metadata = ownMetadata(tree);
  const named = stringField(metadataOf(tree), "namespace");
  if (named !== "" && named !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (namespace !== "") metadata["namespace"] = namespace;
  const { user, decide, annotate } = gate;
  const { now, rulesFor, tokens } = exchange;
  const answer = await review.answer(tree, { user, namespace, decide, rulesFor, now, tokens, annotate });
  const canonical = canonicalObject(review.schema, answer);
  if (review.statusAsAnswered === true) canonical["status"] = answer["status"] ?? null;
  const whole = withType(review.kind, apiVersionOf(review), canonical);
  gate.keepBody("response", () => writeJson(whole, false));
  const encoded = encodeTree(whole, review.schema, format);
  return { answer: { code: 201, contentType: format.media, body: encoded }, code: 201 };
}

function requireCreate(
  { verb }: ReviewExchange,
  review: Review,
  { name, subresource, namespace }: ResourceRequest,
): void {
  if (name !== "" || subresource !== "" || review.namespaced !== (namespace !== "")) throw new PageNotFoundError();
  if (verb !== "create") throw methodNotAllowed();
}
