/** GET of one object. Source: apiserver pkg/endpoints/handlers/get.go. */
import { badRequest, notFound } from "../api-error.ts";
import { requireReached } from "./resource-version.ts";
import { subjectOf } from "./verb-context.ts";
import type { VerbAnswer, VerbContext } from "./verb-context.ts";

export async function getObject(context: VerbContext): Promise<VerbAnswer> {
  const resourceVersion = context.query.get("resourceVersion") ?? "";
  if (resourceVersion !== "" && resourceVersion !== "0") {
    if (!/^[1-9][0-9]*$/.test(resourceVersion)) throw badRequest(`invalid resource version: "${resourceVersion}"`);
    // "Not older than": the newest state serves it as soon as the revision is reached.
    await requireReached(context, Number(resourceVersion));
  }
  const object = await context.storage.get(context.target.namespace, context.target.name);
  if (object === undefined) throw notFound(subjectOf(context, context.target.name));
  return { type: "object", code: 200, object, stored: true };
}
