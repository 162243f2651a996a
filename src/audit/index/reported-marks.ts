/**
 * In which lists an event stands that a cluster reported. What left is not in it: a request that succeeded gave, by its verb, the values of
 * the secret that it names, or of all that it could reach.
 */
import type { AuditEvent, ClusterReport } from "../audit-event.ts";
import type { Circumstance, Mark } from "./circumstance.ts";
import { terms } from "./terms.ts";
import type { AddMark } from "./terms.ts";

export function markReported(
  event: AuditEvent,
  { namespacePrefix }: ClusterReport,
  own: Circumstance,
  add: AddMark,
): void {
  const { namespace = "", name = "" } = event.objectRef ?? {};
  const circumstance = { ...own, mark: reportedMark(event) };
  if (name !== "") add(terms.secret(namespace, name), circumstance);
  else if (namespace !== "") add(terms.reportedScope(namespace), circumstance);
  else add(terms.reportedWhole, { ...circumstance, scope: namespacePrefix });
}

/** Verbs whose answers hold values; of deletions, some. */
const valuedVerbs: ReadonlySet<string> = new Set(["get", "list", "watch", "patch", "deletecollection"]);

function reportedMark({ verb, stage, responseStatus, objectRef, requestURI }: AuditEvent): Mark {
  const code = responseStatus?.code ?? 0;
  if (code >= 400 || objectRef?.subresource !== undefined) return "about";
  if (verb === "watch" && stage === "ResponseComplete") return "ended";
  return valuedVerbs.has(verb) || (verb === "delete" && returnsDeleted(requestURI)) ? "values" : "about";
}

/** A deletion is answered with the object where its dependents are to be deleted first, or to be left. */
function returnsDeleted(uri: string): boolean {
  const start = uri.indexOf("?");
  const policy = start < 0 ? null : new URLSearchParams(uri.slice(start + 1)).get("propagationPolicy");
  return policy === "Foreground" || policy === "Orphan";
}
