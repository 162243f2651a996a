/**
 * POST to a subresource that does something with the object: the body says what, and comes back with a status of what
 * was done. No values are in the answer.
 */
import type { Outcome } from "../../../gate/gate.ts";
import { badRequest } from "../api-error.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import type { Kind } from "../kinds/kind.ts";
import { apiVersionOf, encodeTree, withType } from "../response/encode-object.ts";
import { negotiateOutput } from "../response/negotiate-output.ts";
import type { Reply } from "../response/reply.ts";
import type { Message } from "../schema/schema.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { readCreateOptions } from "../validation/options.ts";
import { requireNamespace } from "./merge-body.ts";
import { keepRequest } from "./keep-request.ts";
import { inputMediaType, readObject } from "./read-object.ts";
import { requireValid } from "./verb-context.ts";
import type { VerbContext } from "./verb-context.ts";

export interface SubresourceAction {
  readonly group: string;
  readonly version: string;
  /** Kind of the body and of the answer. */
  readonly kind: string;
  readonly schema: Message;
  /** Does it; resolves to the status of the answer. Raises ApiError. */
  run(context: VerbContext, asked: ActionRequest): Promise<JsonObject>;
}

export interface ActionRequest {
  readonly body: JsonObject;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly storageOf: (kind: Kind) => KindStorage;
}

export async function runAction(
  context: VerbContext,
  action: SubresourceAction,
  services: { readonly accept: string | undefined; readonly storageOf: (kind: Kind) => KindStorage },
): Promise<Outcome<Reply>> {
  const { query, userAgent, target } = context;
  const format = negotiateOutput({ accept: services.accept, userAgent }, query, { views: "none", watch: false });
  const media = inputMediaType(context.contentType);
  const raw = await context.body();
  const { kind, options, errors } = readCreateOptions(query);
  requireValid({ group: "meta.k8s.io", kind }, "", errors);
  const expected = { kind: action.kind, apiVersion: apiVersionOf(action), schema: action.schema };
  const { tree, warnings } = readObject(raw, media, expected, options.fieldValidation);
  for (const text of warnings) context.warn(text);
  keepRequest(context.gate, action, tree);
  requireNamespace(context, tree);
  const named = stringField(metadataOf(tree), "name");
  if (named !== "" && named !== target.name)
    throw badRequest(`name in URL does not match name in ${action.kind} object`);
  const { dryRun, fieldManager } = options;
  const status = await action.run(context, { body: tree, dryRun, fieldManager, storageOf: services.storageOf });
  const answer = canonicalObject(action.schema, answerTree(context, tree, status));
  const whole = withType(action.kind, apiVersionOf(action), answer);
  context.gate.keepBody("response", () => writeJson(whole, false));
  const encoded = encodeTree(whole, action.schema, format);
  return { answer: { code: 201, contentType: format.media, body: encoded }, code: 201 };
}

function answerTree({ target }: VerbContext, body: JsonObject, status: JsonObject): JsonObject {
  const metadata = jsonObject([
    ["name", target.name],
    ["namespace", target.namespace],
  ]);
  return jsonObject([...Object.entries(body), ["metadata", metadata], ["status", status]]);
}
