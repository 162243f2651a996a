/** POST of a question about an object, to a subresource of it. Source: apiserver pkg/endpoints/handlers/create.go. */
import type { Outcome } from "../../../gate/gate.ts";
import { writeJson } from "../codec/json-writer.ts";
import { keepRequest } from "../verbs/keep-request.ts";
import { badRequest } from "../api-error.ts";
import type { Kind } from "../kinds/kind.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { apiVersionOf, encodeTree, withType } from "../response/encode-object.ts";
import { negotiateOutput } from "../response/negotiate-output.ts";
import type { Reply } from "../response/reply.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { stringField } from "../validation/object-fields.ts";
import { readCreateOptions } from "../validation/options.ts";
import { inputMediaType, readObject } from "../verbs/read-object.ts";
import { requireValid } from "../verbs/verb-context.ts";
import type { VerbContext } from "../verbs/verb-context.ts";
import type { TokenServices } from "../authentication/token-services.ts";
import type { SubresourceReview } from "./review.ts";

/** What beside the request an answer may need. */
export interface SubresourceServices {
  readonly tokens: TokenServices;
  readonly kinds: readonly Kind[];
  readonly storageOf: (kind: Kind) => KindStorage;
  readonly accept: string | undefined;
}

export async function answerSubresource(
  context: VerbContext,
  review: SubresourceReview,
  services: SubresourceServices,
): Promise<Outcome<Reply>> {
  const { query, userAgent, gate, target } = context;
  const format = negotiateOutput({ accept: services.accept, userAgent }, query, { views: "none", watch: false });
  const media = inputMediaType(context.contentType);
  const body = await context.body();
  const { kind, options, errors } = readCreateOptions(query);
  requireValid({ group: "meta.k8s.io", kind }, "", errors);
  const expected = { kind: review.kind, apiVersion: apiVersionOf(review), schema: review.schema };
  const { tree, warnings } = readObject(body, media, expected, options.fieldValidation);
  for (const text of warnings) context.warn(text);
  keepRequest(gate, review, tree);
  review.complete?.(tree);
  const named = stringField(ownMetadata(tree), "namespace");
  if (named !== "" && named !== target.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  const { apiGroup, resource, subresource, namespace, name } = target;
  const dryRun = options.dryRun;
  await gate.admit({
    operation: "create",
    apiGroup,
    resource,
    subresource,
    namespace,
    name,
    dryRun,
    next: tree,
    previous: undefined,
  });
  const answer = await review.answer(tree, {
    namespace,
    name,
    tokens: services.tokens,
    read: async (group, wanted, where, what) => {
      const found = services.kinds.find((candidate) => candidate.group === group && candidate.resource === wanted);
      return found === undefined ? undefined : services.storageOf(found).get(where, what);
    },
    annotate: gate.annotate,
    warn: context.warn,
    now: context.now,
    uuid: context.uuid,
  });
  const whole = withType(review.kind, apiVersionOf(review), canonicalObject(review.schema, answer));
  gate.keepBody("response", () => writeJson(whole, false));
  return {
    answer: { code: 201, contentType: format.media, body: encodeTree(whole, review.schema, format) },
    code: 201,
  };
}
