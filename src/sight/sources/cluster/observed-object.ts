/** Objects as a cluster sends them, to facts. Values of Secrets end here. */
import type { Fact, Problem } from "../../facts/facts.ts";
import { textField } from "../../facts/json-fields.ts";
import type { Provenance } from "../../facts/provenance.ts";
import { readFact } from "../../facts/read-fact.ts";
import type { SecretMaterial } from "../../facts/secret-material.ts";
import { redactObject } from "../redact-object.ts";
import { withoutValues } from "../secret-values.ts";
import { listPath } from "./discovery.ts";
import type { ServedKind } from "./discovery.ts";

/** One object of a list or an event. */
export interface Observed {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** The fact, or what is wrong with the object. */
  readonly result: Fact | Problem;
  /** The object for a dump, where objects are collected. */
  readonly redacted?: unknown;
}

export interface Observing {
  readonly served: ServedKind;
  /** Before the paths of places: "" for the only cluster there is. */
  readonly prefix: string;
  /** Marks what may be secret, so that equal values are found. */
  readonly material: SecretMaterial;
  /** Whether only metadata was asked for. */
  readonly onlyMetadata: boolean;
  /** Whether objects are kept beside facts. */
  readonly collects: boolean;
}

/** Whether it is a fact. */
export function isFact(result: Fact | Problem): result is Fact {
  return "kind" in result;
}

/** What an object is. Whatever kind it says it is, it is taken for what the path is of. */
export function observe(item: unknown, { served, prefix, material, onlyMetadata, collects }: Observing): Observed {
  const { kind, objectKind, group, version } = served;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const seen = onlyMetadata ? { seen: "metadata" } : {};
  const decoded = withoutValues(
    typeof item === "object" ? { ...item, apiVersion, kind: objectKind, ...seen } : item,
    material,
  );
  const [namespace, name] = [textField(decoded, "metadata", "namespace"), textField(decoded, "metadata", "name")];
  // A colon, which names of roles have, may stand in a path as it is.
  const path = `${listPath(served, namespace)}/${encodeURIComponent(name).replaceAll("%3A", ":")}`;
  const at: Provenance = { file: `${prefix}${path}`, document: 1, item: undefined, line: undefined };
  const read = readFact(kind, { value: decoded, at, placeOf: () => at }, material);
  return {
    namespace,
    name,
    resourceVersion: textField(decoded, "metadata", "resourceVersion"),
    result: typeof read === "string" ? { message: read, at } : read,
    ...(collects && { redacted: redactObject(kind, decoded) }),
  };
}

/** Names an object among those of its kind. */
export function objectKey({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}\n${name}`;
}

/** A kind in a message: `secrets`, `roles.rbac.authorization.k8s.io`. */
export function resourceText({ resource, group }: Pick<ServedKind, "resource" | "group">): string {
  return group === "" ? resource : `${resource}.${group}`;
}

/** Where a kind of facts is when nothing more is known. */
export function kindAt(prefix: string, path: string): Provenance {
  return { file: `${prefix}${path}`, document: 1, item: undefined, line: undefined };
}
