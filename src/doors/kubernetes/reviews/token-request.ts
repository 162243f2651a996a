/**
 * `serviceaccounts/token`: a token of the account, for audiences and a time, bound to a pod, a secret or a node.
 *
 * Source: k/k pkg/registry/core/serviceaccount/storage/token.go, pkg/apis/authentication/{v1/defaults,validation}.go.
 */
import { credentialIdOf } from "../../../identity/tokens/account-user.ts";
import type { BoundTokenContent, NamedUid } from "../../../identity/tokens/service-account-claims.ts";
import { badRequest, conflict, notFound } from "../api-error.ts";
import type { ErrorSubject } from "../api-error.ts";
import { goQuote } from "../codec/go-quote.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { apiTime } from "../kinds/system-fields.ts";
import { message } from "../schema/messages.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { invalid, invalidPrinted } from "../validation/field-error-constructors.ts";
import { metadataOf, numberField, objectField, stringField, stringsField } from "../validation/object-fields.ts";
import { isPathSegment, requireValid } from "../verbs/verb-context.ts";
import type { SubresourceReview, SubresourceReviewContext } from "./review.ts";

const type = { group: "authentication.k8s.io", kind: "TokenRequest" } as const;
const lifeSecondsDefault = 3600;
const lifeSecondsMin = 600;
const lifeSecondsMax = 2 ** 32;
/** What kubelets ask for by default: such a token lives on for a year, so that programs that never read it again go on. */
const extendedFromSeconds = 3607;
const extendedToSeconds = 365 * 24 * 60 * 60;

export const tokenRequest: SubresourceReview = {
  ...type,
  version: "v1",
  schema: message("authentication-v1", "TokenRequest"),
  complete: setLife,
  async answer(request, context) {
    const { name } = context;
    requireSamePlace(request, context);
    const account = await context.read("", "serviceaccounts", context.namespace, name);
    if (account === undefined) throw notFound({ group: "", resource: "serviceaccounts", name });
    requireSameAccount(request, account, name);
    const spec = objectField(request, "spec");
    requireValid(type, "", lifeErrors(numberField(spec, "expirationSeconds")));
    const bound = await boundObjectOf(objectField(spec, "boundObjectRef"), context);
    return answered(request, uidOf(account), bound, context);
  },
};

/** The default of a time that is not asked for. */
function setLife(request: JsonObject): void {
  const given = request["spec"];
  const spec = typeof given === "object" && given !== null && !Array.isArray(given) ? given : jsonObject();
  spec["expirationSeconds"] ??= lifeSecondsDefault;
  request["spec"] = spec;
}

function requireSamePlace(request: JsonObject, { name, namespace }: SubresourceReviewContext): void {
  for (const [field, own] of [
    ["name", name],
    ["namespace", namespace],
  ] as const) {
    const asked = stringField(metadataOf(request), field);
    if (asked === "" || asked === own) continue;
    requireValid(type, name, [
      invalid(`metadata.${field}`, asked, `must match the service account ${field} if specified`),
    ]);
  }
}

function requireSameAccount(request: JsonObject, account: StoredObject, name: string): void {
  const [asked, uid] = [stringField(metadataOf(request), "uid"), uidOf(account)];
  if (asked === "" || asked === uid) return;
  const why = `the UID in the token request (${asked}) does not match the UID of the service account (${uid})`;
  throw conflict({ group: type.group, resource: type.kind, name }, why);
}

function lifeErrors(seconds: number) {
  const path = "spec.expirationSeconds";
  if (seconds < lifeSecondsMin)
    return [invalidPrinted(path, String(seconds), "may not specify a duration less than 10 minutes")];
  if (seconds <= lifeSecondsMax) return [];
  return [invalidPrinted(path, String(seconds), "may not specify a duration larger than 2^32 seconds")];
}

type Bound = Pick<BoundTokenContent, "pod" | "secret" | "node">;

async function boundObjectOf(reference: Readonly<JsonObject>, context: SubresourceReviewContext): Promise<Bound> {
  if (Object.keys(reference).length === 0) return {};
  const [kind, uid] = [stringField(reference, "kind"), stringField(reference, "uid")];
  const [name, apiVersion] = [stringField(reference, "name"), stringField(reference, "apiVersion")];
  const resource = { Pod: "pods", Node: "nodes", Secret: "secrets" }[kind];
  if (apiVersion.includes("/") || resource === undefined) {
    throw badRequest(`cannot bind token to object of type ${typeText(apiVersion, kind)}`);
  }
  const object = await readBound({ group: "", resource, name }, context);
  const own = { name, uid: uidOf(object) };
  const bound = resource === "pods" ? await podOf(object, own, context) : { [kind.toLowerCase()]: own };
  if (uid !== "" && uid !== own.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record.`;
    const more = "The object might have been deleted and then recreated";
    throw conflict({ group: "", resource: kind, name }, `${why} ${more}`);
  }
  return bound;
}

/** As Go prints a GroupVersionKind. */
function typeText(apiVersion: string, kind: string): string {
  return `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

async function readBound(subject: ErrorSubject, context: SubresourceReviewContext): Promise<StoredObject> {
  const { group, resource, name } = subject;
  const namespace = resource === "nodes" ? "" : context.namespace;
  const found = name !== "" && isPathSegment(name) ? await context.read(group, resource, namespace, name) : undefined;
  if (found === undefined) throw notFound(subject);
  return found;
}

/** The pod, and the node it is on: of one that is not known, its name. */
async function podOf(pod: StoredObject, own: NamedUid, context: SubresourceReviewContext): Promise<Bound> {
  const spec = objectField(pod.tree(), "spec");
  if (stringField(spec, "serviceAccountName") !== context.name) {
    const account = goQuote(context.name);
    throw badRequest(
      `cannot bind token for serviceaccount ${account} to pod running with different serviceaccount name.`,
    );
  }
  const nodeName = stringField(spec, "nodeName");
  if (nodeName === "") return { pod: own };
  const node = isPathSegment(nodeName) ? await context.read("", "nodes", "", nodeName) : undefined;
  return { pod: own, node: { name: nodeName, uid: node === undefined ? "" : uidOf(node) } };
}

function uidOf(object: StoredObject): string {
  return stringField(object.metadata(), "uid");
}

async function answered(
  request: JsonObject,
  accountUid: string,
  bound: Bound,
  context: SubresourceReviewContext,
): Promise<JsonObject> {
  const { name, namespace, tokens } = context;
  const now = context.now();
  const spec = objectField(request, "spec");
  const asked = stringsField(spec, "audiences");
  const audiences = asked.length === 0 ? tokens.issuer.ownAudiences : asked;
  const lifeSeconds = allowedLife(numberField(spec, "expirationSeconds"), context);
  const isExtended =
    bound.pod !== undefined &&
    lifeSeconds === extendedFromSeconds &&
    audiences.every((audience) => tokens.issuer.ownAudiences.includes(audience));
  const issuedAtSeconds = Math.floor(now.getTime() / 1000);
  const id = context.uuid();
  const token = await tokens.issuer.bound({
    namespace,
    account: { name, uid: accountUid },
    audiences,
    ...bound,
    issuedAtSeconds,
    expiresAtSeconds: issuedAtSeconds + (isExtended ? extendedToSeconds : lifeSeconds),
    warnAfterSeconds: isExtended ? issuedAtSeconds + lifeSeconds : undefined,
    id,
  });
  context.annotate("authentication.kubernetes.io/issued-credential-id", credentialIdOf(id));
  const metadata = jsonObject([
    ...Object.entries(metadataOf(request)),
    ["name", name],
    ["namespace", namespace],
    ["uid", accountUid],
    ["creationTimestamp", apiTime(now)],
  ]);
  const expires = new Date(now.getTime() + lifeSeconds * 1000);
  return jsonObject([
    ["metadata", metadata],
    ["spec", jsonObject([...Object.entries(spec), ["audiences", [...audiences]], ["expirationSeconds", lifeSeconds]])],
    [
      "status",
      jsonObject([
        ["token", token],
        ["expirationTimestamp", apiTime(expires)],
      ]),
    ],
  ]);
}

function allowedLife(asked: number, { tokens, warn }: SubresourceReviewContext): number {
  const { lifeSecondsMax: allowed } = tokens.issuer;
  if (allowed <= 0 || asked <= allowed) return asked;
  warn(`requested expiration of ${asked} seconds shortened to ${allowed} seconds`);
  return allowed;
}
