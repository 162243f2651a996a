/** From a resource request to the verb that serves it, and from its answer to a reply. */
import type { AnswerEnd } from "./answer-end.ts";
import type { GateContext, Outcome } from "../../gate/gate.ts";
import { parseRange } from "../http/accept.ts";
import { filterAllowed, requireKnownFilter } from "./access/lesser-rights.ts";
import { visibleObjects } from "./access/visible-objects.ts";
import { PageNotFoundError, methodNotAllowed } from "./api-error.ts";
import { isJsonObject, jsonObject } from "./codec/json.ts";
import type { JsonObject } from "./codec/json.ts";
import { writeJson } from "./codec/json-writer.ts";
import { metadataSubresource } from "./kinds/kind.ts";
import type { DescribedKind, Kind, ResourceVerb, Subresource } from "./kinds/kind.ts";
import type { ResourceRequest } from "./request-info.ts";
import type { UserRules } from "../../access/rbac/rbac-index.ts";
import type { User } from "../../identity/user.ts";
import { recordedDetails } from "./recorded-details.ts";
import { disclosureIn } from "./response/disclosed.ts";
import { encodeList } from "./response/encode-list.ts";
import {
  encodeStatus,
  encodeTree,
  encodeWholeObject,
  partialMetadataTree,
  viewSchema,
} from "./response/encode-object.ts";
import { negotiateOutput } from "./response/negotiate-output.ts";
import { showsValues, withoutValuesFormat } from "./response/output-format.ts";
import type { OutputFormat } from "./response/output-format.ts";
import type { Reply } from "./response/reply.ts";
import { namespaceKind } from "./kinds/namespace.ts";
import { isListOfCustomResources, listCustomResources } from "./no-custom-resources.ts";
import type { TokenServices } from "./authentication/token-services.ts";
import { answerSubresource } from "./reviews/answer-subresource.ts";
import { answerReview } from "./reviews/answer-review.ts";
import type { Review } from "./reviews/review.ts";
import { tableRow, tableTree } from "./response/table.ts";
import type { KindStorage, StoredObject } from "./storage/kind-storage.ts";
import { storageWithoutValues } from "./storage/without-values.ts";
import { visibleStorage } from "./storage/visible-storage.ts";
import { stringField } from "./validation/object-fields.ts";
import { createSubresource } from "./verbs/create-subresource.ts";
import { createObject } from "./verbs/create.ts";
import { deleteCollection } from "./verbs/delete-collection.ts";
import { deleteObject } from "./verbs/delete.ts";
import { getObject } from "./verbs/get.ts";
import { listObjects } from "./verbs/list.ts";
import type { ListAnswer } from "./verbs/list.ts";
import { patchObject } from "./verbs/patch.ts";
import { updateObject } from "./verbs/update.ts";
import { runAction } from "./verbs/subresource-action.ts";
import { refuseForWatch } from "./verbs/unreadable.ts";
import { requirePathSegment } from "./verbs/verb-context.ts";
import type { StatusAnswer, VerbAnswer, VerbContext } from "./verbs/verb-context.ts";
import { watchObjects } from "./verbs/watch.ts";
import { mustWithhold, withheldObject } from "./verbs/withheld-values.ts";

export interface ResourceExchange {
  readonly gate: GateContext;
  readonly kinds: readonly Kind[];
  readonly reviews: readonly Review[];
  readonly rulesFor: (user: User, namespace: string) => UserRules;
  readonly tokens: TokenServices;
  readonly storage: (kind: Kind) => KindStorage;
  readonly withholds: boolean;
  readonly verb: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly userAgent: string;
  readonly contentType: string | undefined;
  readonly body: () => Promise<Buffer>;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Buffer;
  readonly uuid: () => string;
  readonly warn: (text: string) => void;
  readonly end: AnswerEnd;
}

/** Serves a request for a kind of ours; raises PageNotFoundError for what is not. */
export async function routeResource(exchange: ResourceExchange, target: ResourceRequest): Promise<Outcome<Reply>> {
  const kind = findKind(exchange.kinds, target);
  if (kind === undefined) {
    const review = exchange.reviews.find((candidate) => isOf(candidate, target));
    if (review !== undefined) return answerReview(exchange, review, target, mediaType(exchange.contentType, "create"));
    if (isListOfCustomResources(exchange.verb, target)) {
      return listCustomResources(exchange, await exchange.storage(namespaceKind).currentRevision());
    }
  }
  // What this server does not own is answered here; a server in front of a real cluster forwards it from here.
  if (kind === undefined) throw new PageNotFoundError();
  const verb = requireVerb(kind, target, exchange.verb);
  requirePathSegment(target.namespace, "namespace");
  requirePathSegment(target.name, "name");
  const scoped = kind.namespaced ? target : { ...target, namespace: "" };
  const context = await forRights(verbContext(exchange, kind, scoped, verb), verb);
  switch (verb) {
    case "list":
      return listReply(context, await listObjects(context));
    case "deletecollection":
      return collectionReply(context, await deleteCollection(context));
    case "watch":
      return watchReply(context);
    case "get":
      return objectReply(context, await getObject(context));
    case "create": {
      const action = subresourceOf(context)?.action;
      if (action !== undefined) {
        return runAction(context, action, { accept: exchange.accept, storageOf: exchange.storage });
      }
      const review = subresourceOf(context)?.review;
      if (review === undefined) return objectReply(context, await create(context));
      return answerSubresource(context, review, { ...exchange, storageOf: exchange.storage });
    }
    case "update":
      return objectReply(context, await updateObject(context));
    case "patch":
      return objectReply(context, withholding(context, await patchObject(context)));
    case "delete":
      return objectReply(context, await deleteObject(context));
    default:
      return verb satisfies never;
  }
}

function create(context: VerbContext): Promise<VerbAnswer> {
  const creation = subresourceOf(context)?.creation;
  return creation === undefined ? createObject(context) : createSubresource(context, creation);
}

function subresourceOf({ kind, target }: VerbContext): Subresource | undefined {
  return kind.subresources.find(({ name }) => name === target.subresource);
}

/** The kind of ours that is asked for; undefined when there is none. */
export function findKind(kinds: readonly Kind[], target: ResourceRequest): Kind | undefined {
  return kinds.find((kind) => isOf(kind, target));
}

function isOf({ group, version, resource }: DescribedKind, target: ResourceRequest): boolean {
  return group === target.apiGroup && version === target.apiVersion && resource === target.resource;
}

function requireVerb(kind: Kind, target: ResourceRequest, verb: string): ResourceVerb {
  // What is outside of namespaces is not served inside one: it was authorized as if it were there. Only a namespace
  // itself counts as inside itself.
  if (!kind.namespaced && target.namespace !== "" && target.namespace !== target.name) throw new PageNotFoundError();
  if (target.subresource !== "") {
    const subresource = kind.subresources.find(({ name }) => name === target.subresource);
    if (subresource === undefined) throw new PageNotFoundError();
    const known = subresource.verbs.find((candidate) => candidate === verb);
    if (known === undefined) throw methodNotAllowed();
    return known;
  }
  const known = kind.verbs.find((candidate) => candidate === verb);
  if (known === undefined) throw methodNotAllowed();
  // A namespaced collection can be read across namespaces, but written to only in one.
  if (kind.namespaced && target.namespace === "" && (target.name !== "" || writesToCollection(known))) {
    throw target.name === "" ? methodNotAllowed() : new PageNotFoundError();
  }
  return known;
}

function writesToCollection(verb: ResourceVerb): boolean {
  return verb === "create" || verb === "deletecollection";
}

function verbContext(exchange: ResourceExchange, kind: Kind, target: ResourceRequest, verb: ResourceVerb): VerbContext {
  const list = verb === "list" || verb === "watch" || verb === "deletecollection";
  const format = negotiateOutput({ accept: exchange.accept, userAgent: exchange.userAgent }, exchange.query, {
    views: list ? "list" : "object",
    watch: verb === "watch",
    goType: goTypeOf(kind),
  });
  const context = {
    ...exchange,
    kind,
    target,
    withheld: false,
    format,
    storage: showsVersionValues(kind, target) ? storageWithValues(exchange.storage(kind)) : exchange.storage(kind),
    contentType: mediaType(exchange.contentType, verb),
  };
  const withoutValues = exchange.gate.lesser === "metadata" || target.subresource === metadataSubresource;
  return withoutValues && kind.valuesIn !== undefined ? contextWithoutValues(context, kind.valuesIn) : context;
}

/** Whether the values of what tells of secrets are asked for, by the subresource that has them. */
function showsVersionValues({ tellsOfSecrets }: Kind, { subresource }: ResourceRequest): boolean {
  return subresource !== "" && subresource === tellsOfSecrets?.valuesBy;
}

function storageWithValues({ withValues }: KindStorage): KindStorage {
  if (withValues === undefined) throw new TypeError("a kind with a subresource of values must have a storage of them");
  return withValues;
}

/** Of a list or watch that its caller wants filtered and has no right to as a whole: what they may see alone. */
async function onlyVisible(context: VerbContext): Promise<VerbContext> {
  if (context.gate.lesser !== "filtered") return context;
  const withoutValues = !showsValues(context.format);
  const filtered = await visibleObjects(context, withoutValues);
  const visible = { ...context, filtered, storage: visibleStorage(context.storage, filtered) };
  context.warn("filtered: only the secrets that you may get are in this answer");
  return withoutValues && context.kind.valuesIn !== undefined
    ? contextWithoutValues(visible, context.kind.valuesIn)
    : visible;
}

/** For who may see metadata alone: nothing that is read has values, whatever is made of it. */
function contextWithoutValues(context: VerbContext, valuesIn: string): VerbContext {
  const storage = storageWithoutValues(context.storage, valuesIn);
  return { ...context, storage, format: withoutValuesFormat(context.format) };
}

/** The reference server's name for the kind in Go: that of its internal package, which events of both groups share. */
function goTypeOf({ group, kind }: Kind): string {
  const [first = ""] = group.split(".");
  return `${group === "" || group === "events.k8s.io" ? "core" : first}.${kind}`;
}

/** The media type without parameters; "" when the header is missing, and what is none as it stands: nobody serves it. */
function mediaType(header: string | undefined, verb: ResourceVerb): string {
  if (header === undefined || header === "") return "";
  // Of a patch upstream cuts off what follows the first semicolon, and parses nothing.
  if (verb === "patch") return header.split(";", 1)[0] ?? "";
  const range = parseRange(header);
  return range === undefined ? header : `${range.type}/${range.subtype}`;
}

/** What the caller may see of what the request is about. */
async function forRights(context: VerbContext, verb: ResourceVerb): Promise<VerbContext> {
  if (verb === "list" || verb === "watch") {
    requireKnownFilter(context.kind, context.query);
    if (verb === "watch") refuseForWatch(context.query);
    return onlyVisible(context);
  }
  const changes = verb === "update" || verb === "patch" || verb === "delete";
  if (!changes || !context.withholds || context.target.name === "") return context;
  return { ...context, withheld: await mustWithhold(context, context.target) };
}

function withholding({ kind, withheld }: VerbContext, answer: VerbAnswer): VerbAnswer {
  if (!withheld || kind.valuesIn === undefined || answer.type === "status") return answer;
  return { ...answer, object: withheldObject(answer.object, kind.valuesIn), withheld };
}

function collectionReply(context: VerbContext, answer: ListAnswer | StatusAnswer): Outcome<Reply> {
  return "type" in answer ? objectReply(context, answer) : listReply(context, answer);
}

function objectReply(context: VerbContext, answer: VerbAnswer): Outcome<Reply> {
  if (answer.type === "status") {
    const body = encodeStatus(answer.tree, context.format);
    context.gate.keepBody("response", () => writeJson(answer.tree, false));
    const details = jsonDetails(answer.tree);
    return {
      answer: { code: answer.code, contentType: context.format.media, body },
      code: answer.code,
      ...(details !== undefined && { details }),
    };
  }
  const { object, code } = answer;
  const body = encodeView(context.kind, object, context.format, context.now());
  const disclosure = answer.withheld === true ? object.disclosure() : disclosureIn(context.format, object);
  context.gate.keepBody("response", () =>
    encodeView(context.kind, object, asJson(context.format), context.now()).toString("utf8"),
  );
  return {
    answer: { code, contentType: contentType(context.format), body },
    code,
    disclosed: isOnRecord(context.kind) ? [disclosure] : undefined,
    // What tells of a secret is not that secret.
    object: answer.stored && context.kind.tellsOfSecrets === undefined ? disclosure : undefined,
  };
}

/** Whether reading objects of a kind is reading secrets, in part or whole. */
function isOnRecord({ valuesIn, tellsOfSecrets }: Kind): boolean {
  return valuesIn !== undefined || tellsOfSecrets !== undefined;
}

function jsonDetails({ details }: JsonObject): Outcome<Reply>["details"] {
  if (!isJsonObject(details)) return undefined;
  const text = (name: string) => stringField(details, name);
  return recordedDetails({ name: text("name"), group: text("group"), kind: text("kind"), uid: text("uid") });
}

/** The same view as an audit record has it. */
function asJson(format: OutputFormat): OutputFormat {
  return { ...format, media: "application/json", pretty: false };
}

function encodeView(kind: Kind, object: StoredObject, format: OutputFormat, now: Date): Buffer {
  switch (format.view) {
    case "object":
      return encodeWholeObject(kind, object, format);
    case "partial-metadata":
      return encodeTree(partialMetadataTree(object, format), viewSchema(kind, format), format);
    case "table": {
      const metadata = jsonObject([["resourceVersion", String(object.revision)]]);
      const rows = [tableRow(kind, object, format, now)];
      return encodeTree(tableTree({ kind, format, rows, metadata, columns: true }), kind.schema, format);
    }
    default:
      return format.view satisfies never;
  }
}

function listReply(context: VerbContext, list: ListAnswer): Outcome<Reply> {
  const pieces = encodeList(context.kind, list, context.format, context.now());
  const body = context.gate.audited(withDisclosures(context.kind, pieces));
  // It leaves in pieces, and is never together.
  context.gate.keepBody("response", () => undefined);
  const headers = filteredHeaders(context);
  return { answer: { code: 200, contentType: contentType(context.format), headers, body }, code: 200 };
}

async function watchReply(context: VerbContext): Promise<Outcome<Reply>> {
  const { filtered } = context;
  const { pieces, end, refusal } = await watchObjects(context);
  const body = context.gate.audited(withDisclosures(context.kind, pieces), {
    live: { end, refusal, ...(filtered !== undefined && { requireSame: () => filtered.requireSame() }) },
  });
  const stream = context.format.media === "application/vnd.kubernetes.protobuf" ? ";stream=watch" : "";
  const answer = {
    code: 200,
    contentType: `${contentType(context.format)}${stream}`,
    headers: filteredHeaders(context),
    body,
    live: true,
  };
  return { answer, code: 200 };
}

/** In every media type: that the answer is filtered. */
function filteredHeaders({ filtered }: VerbContext): Record<string, string> {
  return filtered === undefined ? {} : { "Strongroom-Filtered": filterAllowed };
}

/** Only secrets are disclosed; the pieces of other kinds need no record. */
function withDisclosures(kind: Kind, pieces: ReturnType<typeof encodeList>): ReturnType<typeof encodeList> {
  // Not one more generator around them: with a thousand watches it would take as much as encoding.
  return isOnRecord(kind) ? pieces : withoutDisclosures(pieces);
}

async function* withoutDisclosures(pieces: ReturnType<typeof encodeList>): ReturnType<typeof encodeList> {
  for await (const piece of pieces) yield { bytes: piece.bytes, disclosed: [] };
}

/** Views name themselves in the Content-Type; the plain media type otherwise. */
function contentType(format: OutputFormat): string {
  return format.media;
}
