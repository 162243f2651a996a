/** Which lists of the index an entry stands in. */
import type { AuditEvent, OnBehalfOf } from "../audit-event.ts";
import { disclosuresOf } from "../disclosures.ts";
import type { RecordedDisclosure } from "../disclosures.ts";
import { clusterOfBatch } from "../cluster/received-batch.ts";
import type { Circumstance } from "./circumstance.ts";
import { markReported } from "./reported-marks.ts";
import { terms } from "./terms.ts";
import type { AddMark } from "./terms.ts";

/** So many pods are kept of those for which a node received something; the entry has them all. */
const podsMax = 8;

/**
 * Tells every list of an event. `readers` are the circumstances of those who received what it discloses: of the caller, or of
 * each of its watches.
 */
export function markEvent(event: AuditEvent, own: Circumstance, readers: readonly Circumstance[], add: AddMark): void {
  add(terms.all, own);
  for (const each of new Set([own, ...readers])) {
    if (each.user !== "") add(terms.user(each.user), each);
    if (each.impersonator !== "" && each.impersonator !== each.user) add(terms.user(each.impersonator), each);
  }
  if (event.streamID !== undefined && event.stage === "ResponseStarted") add(terms.stream(event.streamID), own);
  if (event.reported !== undefined) return markReported(event, event.reported, own, add);
  const batchOf = clusterOfBatch(event);
  if (batchOf !== undefined) add(terms.batches(batchOf), own);
  const disclosed = disclosuresOf(event);
  markObject(event, own, disclosed, add);
  markDisclosures(event, disclosed, readers, add);
}

function markDisclosures(
  { onBehalfOf }: AuditEvent,
  disclosed: readonly RecordedDisclosure[],
  readers: readonly Circumstance[],
  add: AddMark,
): void {
  // By what left: most secrets of an answer share that, and each circumstance is made once.
  const known = new Map<string, readonly Circumstance[]>();
  for (const { namespace, name, metadataOnly, keys = [], linkedFrom } of disclosed) {
    // No key has a space.
    const text = `${metadataOnly} ${keys.join(" ")}`;
    let circumstances = known.get(text);
    if (circumstances === undefined) {
      const mark = metadataOnly ? "metadata" : "values";
      circumstances = readers.map((reader) => ({ ...reader, mark, keys, pods: podsBehind(reader, onBehalfOf) }));
      known.set(text, circumstances);
    }
    for (const term of secretTerms(namespace, name, metadataOnly ? undefined : linkedFrom)) {
      for (const circumstance of circumstances) add(term, circumstance);
    }
  }
}

/** Who read the values of a linked secret read those of its source. */
function secretTerms(namespace: string, name: string, linkedFrom: string | undefined): readonly string[] {
  const own = terms.secret(namespace, name);
  if (linkedFrom === undefined) return [own];
  const [sourceNamespace = "", source = ""] = linkedFrom.split("/");
  return [own, terms.secret(sourceNamespace, source)];
}

const nodePrefix = "system:node:";

function podsBehind({ user }: Circumstance, onBehalfOf: OnBehalfOf | undefined): readonly string[] {
  if (onBehalfOf === undefined || !user.startsWith(nodePrefix)) return [];
  const ofNode = onBehalfOf.pods.filter(({ node }) => node === user.slice(nodePrefix.length));
  return ofNode.slice(0, podsMax).map(({ namespace, name }) => `${namespace}/${name}`);
}

/** The secret that a request named, and the secrets that it was refused as a whole. */
function markObject(
  { objectRef, responseStatus }: AuditEvent,
  own: Circumstance,
  disclosed: readonly RecordedDisclosure[],
  add: AddMark,
): void {
  if (objectRef?.resource !== "secrets" || (objectRef.apiGroup ?? "") !== "") return;
  const { namespace = "", name = "" } = objectRef;
  if (name === "") {
    const code = responseStatus?.code;
    if (code === 401 || code === 403) add(terms.refusedScope(namespace), own);
    return;
  }
  const isKnown = disclosed.some((each) => each.namespace === namespace && each.name === name);
  if (!isKnown) add(terms.secret(namespace, name), own);
}
