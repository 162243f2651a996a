/**
 * The list of CustomResourceDefinitions, which is empty: this server has none. kubectl from 1.27 on asks for it before it
 * creates an object of a kind that cannot be patched, such as a review, and fails when the list is not there.
 *
 * Source: kubernetes/cli-runtime pkg/resource/crd_finder.go.
 */
import type { Outcome } from "../../gate/gate.ts";
import { jsonObject } from "./codec/json.ts";
import type { ResourceRequest } from "./request-info.ts";
import { encodeTree } from "./response/encode-object.ts";
import { negotiateOutput } from "./response/negotiate-output.ts";
import type { Reply } from "./response/reply.ts";
import { PartialObjectMetadataList } from "./schema/partial-metadata.ts";

const group = "apiextensions.k8s.io";

/** Whether a request that is decided as `verb` is for that list. */
export function isListOfCustomResources(verb: string, target: ResourceRequest): boolean {
  const { apiGroup, apiVersion, resource, subresource, namespace, name } = target;
  const isResource = apiGroup === group && apiVersion === "v1" && resource === "customresourcedefinitions";
  return verb === "list" && isResource && subresource === "" && namespace === "" && name === "";
}

/** The empty list, as of a revision of the store. */
export function listCustomResources(
  { accept, userAgent, query }: { accept: string | undefined; userAgent: string; query: URLSearchParams },
  revision: number,
): Outcome<Reply> {
  const format = negotiateOutput({ accept, userAgent }, query, { views: "none", watch: false });
  const list = jsonObject([
    ["kind", "CustomResourceDefinitionList"],
    ["apiVersion", `${group}/v1`],
    ["metadata", jsonObject([["resourceVersion", String(revision)]])],
    ["items", []],
  ]);
  const body = encodeTree(list, PartialObjectMetadataList, format);
  return { answer: { code: 200, contentType: format.media, body }, code: 200 };
}
