/** Which lists of the index an entry stands in. */
import type { AuditEvent, Disclosure } from "../audit-event.ts";
import { disclosuresOf } from "../disclosures.ts";
import type { Circumstance } from "./circumstance.ts";

/** The names of the lists. What is in a name is told apart by a character that no name of an object has. */
export const terms = {
  /** Every entry. */
  all: "a",
  /** What is about a secret, by its name. */
  secret: (namespace: string, name: string) => `s\0${namespace}\0${name}`,
  /** The same, by its uid. */
  uid: (uid: string) => `i\0${uid}`,
  /** What a user did, what was done as them, and what they did as somebody else. */
  user: (name: string) => `u\0${name}`,
  /** What happened in a namespace, and what left of it. */
  namespace: (namespace: string) => `n\0${namespace}`,
  /** The beginning of a watch. */
  stream: (id: string) => `w\0${id}`,
  /** Refused reads of all secrets of a namespace; "" is the cluster. */
  refusedScope: (namespace: string) => `r\0${namespace}`,
} as const;

/** Takes in which list an entry stands, and as what. */
export type AddMark = (term: string, circumstance: Circumstance) => void;

/**
 * Tells every list of an event. `readers` are the circumstances of those who received what it discloses: of the caller, or of
 * each of its watches.
 */
export function markEvent(
  event: AuditEvent,
  own: Circumstance,
  readers: readonly Circumstance[],
  add: AddMark,
): void {
  add(terms.all, own);
  for (const user of usersOf(own, readers)) add(terms.user(user), own);
  if (event.streamID !== undefined && event.stage === "ResponseStarted") add(terms.stream(event.streamID), own);
  const { namespace = "" } = event.objectRef ?? {};
  const namespaces = new Set(namespace === "" ? [] : [namespace]);
  const disclosed = disclosuresOf(event);
  for (const disclosure of disclosed) namespaces.add(disclosure.namespace);
  for (const each of namespaces) add(terms.namespace(each), own);
  markObject(event, own, disclosed, add);
  markDisclosures(event, disclosed, readers, add);
}

function usersOf(own: Circumstance, readers: readonly Circumstance[]): Set<string> {
  const users = new Set<string>([own.user, own.impersonator]);
  for (const { user, impersonator } of readers) users.add(user).add(impersonator);
  users.delete("");
  return users;
}

function markDisclosures(event: AuditEvent, disclosed: readonly Disclosure[], readers: readonly Circumstance[], add: AddMark) {
  const mark = event.metadataOnly === true ? "metadata" : "values";
  // By the keys that left: most secrets of an answer share them, and each circumstance is made once.
  const known = new Map<string, readonly Circumstance[]>();
  for (const disclosure of disclosed) {
    const { namespace, name, uid } = disclosure;
    const keys = disclosure.keys ?? [];
    const text = keys.join("\0");
    const circumstances = known.get(text) ?? readers.map((reader) => ({ ...reader, mark, keys }) as const);
    known.set(text, circumstances);
    for (const circumstance of circumstances) {
      add(terms.secret(namespace, name), circumstance);
      if (uid !== "") add(terms.uid(uid), circumstance);
    }
  }
}

/** The secret that a request named, and the secrets that it was refused as a whole. */
function markObject(
  { objectRef, responseStatus }: AuditEvent,
  own: Circumstance,
  disclosed: readonly Disclosure[],
  add: AddMark,
): void {
  if (objectRef?.resource !== "secrets" || (objectRef.apiGroup ?? "") !== "") return;
  const { namespace = "", name = "", uid = "" } = objectRef;
  if (name === "") {
    const code = responseStatus?.code;
    if (code === 401 || code === 403) add(terms.refusedScope(namespace), own);
    return;
  }
  const isKnown = disclosed.some((each) => each.namespace === namespace && each.name === name);
  if (isKnown) return;
  add(terms.secret(namespace, name), own);
  if (uid !== "") add(terms.uid(uid), own);
}
