/**
 * Which secret a request is about, and by which verb, when it is made through another resource than `secrets`: its
 * versions, its trash, and what changes it by them. What narrows rights to secrets narrows these with it.
 */
import type { Attributes } from "./authorizer.ts";

type Resource = NonNullable<Attributes["resource"]>;

export interface SecretRequest {
  /** The verb on the secret itself that does as much. */
  readonly verb: string;
  readonly namespace: string;
  /** "" for many. */
  readonly name: string;
}

/**
 * The request for a secret that a request amounts to; undefined for one that gives no values and changes none. Metadata
 * alone, of secrets or of versions, is none.
 */
export function asSecretRequest(verb: string, resource: Resource | undefined): SecretRequest | undefined {
  if (resource === undefined) return undefined;
  const { apiGroup, namespace, name } = resource;
  const path = resource.subresource === "" ? resource.resource : `${resource.resource}/${resource.subresource}`;
  if (apiGroup === "" && path === "secrets") return { verb, namespace, name };
  if (apiGroup === "" && path === "secrets/rollback") return { verb: "update", namespace, name };
  if (apiGroup !== "strongroom.dev") return undefined;
  if (path === "secretversions/value") return { verb, namespace, name: secretOfVersion(name) };
  if (path === "deletedsecrets/restore") return { verb: "create", namespace, name: secretOfDeleted(name) };
  if (path === "deletedsecrets" && verb === "delete") return { verb, namespace, name: secretOfDeleted(name) };
  return undefined;
}

/** Whether a resource tells of secrets, by whatever verb. */
export function concernsSecrets({ apiGroup, resource }: Resource): boolean {
  if (apiGroup === "") return resource === "secrets";
  return apiGroup === "strongroom.dev" && (resource === "secretversions" || resource === "deletedsecrets");
}

/** `NAME.vN` of a version; a name that cannot be one stays what it is. */
export function secretOfVersion(name: string): string {
  return /^(.+)\.v[1-9][0-9]*$/.exec(name)?.[1] ?? name;
}

/** `NAME.UID` of a deleted secret; uids have no dots. */
export function secretOfDeleted(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? name : name.slice(0, dot);
}
