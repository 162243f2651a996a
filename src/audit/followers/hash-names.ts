/**
 * Names of objects as keyed hashes, for receivers who may see that something was read and by whom, but not what it is called. The
 * same name has the same hash under a key, so that one can still count and compare; without the key nobody finds the name by trying.
 */
import { createHmac } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { AuditEntry } from "../audit-log.ts";
import type { AuditEvent } from "../audit-event.ts";
import { disclosuresOf } from "../disclosures.ts";
import { auditLogDoor } from "../log/log-events.ts";

/** 96 bits: names do not meet by chance, and no key is needed to tell two apart. */
const hashCharacters = 24;

export function hashNames(key: KeyObject): (entry: AuditEntry) => AuditEntry {
  const hash = (name: string) =>
    `hmac-${createHmac("sha256", key).update(`strongroom.dev/audit/name\0${name}`).digest("hex").slice(0, hashCharacters)}`;
  return ({ position, event }) => ({ position, event: hashed(event, hash) });
}

function hashed(event: AuditEvent, hash: (name: string) => string): AuditEvent {
  const { objectRef, responseStatus, annotations } = event;
  const names = new Set<string>();
  const disclosed = disclosuresOf(event).map(({ linkedFrom, ...item }) => ({
    ...item,
    name: hash(item.name),
    ...(linkedFrom !== undefined && { linkedFrom: hashedPlace(linkedFrom, hash) }),
  }));
  if (objectRef?.name !== undefined) names.add(objectRef.name);
  const { requestObject: _request, responseObject: _response, onBehalfOf, ...rest } = event;
  return {
    ...rest,
    user: hashedUser(event.user, hash),
    requestURI: hashedUri(event.requestURI, names, hash),
    ...(objectRef !== undefined && {
      objectRef: { ...objectRef, ...(objectRef.name !== undefined && { name: hash(objectRef.name) }) },
    }),
    ...(disclosed.length > 0 && { disclosed }),
    ...(onBehalfOf !== undefined && {
      onBehalfOf: { ...onBehalfOf, pods: onBehalfOf.pods.map((pod) => ({ ...pod, name: hash(pod.name) })) },
    }),
    // What the caller was told names the object.
    ...(responseStatus !== undefined && {
      responseStatus: {
        code: responseStatus.code,
        ...(responseStatus.reason !== undefined && { reason: responseStatus.reason }),
      },
    }),
    // What the log reports of itself names no object, and must come to whoever is to see that entries are missing.
    ...(annotations !== undefined && {
      annotations: event.door === auditLogDoor ? annotations : knownAnnotations(annotations),
    }),
  };
}

/** NAMESPACE/NAME with the name as its hash. */
function hashedPlace(place: string, hash: (name: string) => string): string {
  const slash = place.indexOf("/");
  return `${place.slice(0, slash + 1)}${hash(place.slice(slash + 1))}`;
}

/** A link writes as a user that is named like its secret. */
const ofLink = /^link (?=[^/ ]+\/[^/ ]+$)/;

function hashedUser(user: AuditEvent["user"], hash: (name: string) => string): AuditEvent["user"] {
  const [start] = ofLink.exec(user.username) ?? [];
  if (start === undefined) return user;
  return { ...user, username: `${start}${hashedPlace(user.username.slice(start.length), hash)}` };
}

/** The path with the name of the object as its hash; queries (selectors) name objects in many ways. */
function hashedUri(uri: string, names: ReadonlySet<string>, hash: (name: string) => string): string {
  const [path = ""] = uri.split("?", 1);
  const mark = uri.length > path.length ? "?..." : "";
  const segments = path.split("/").map((segment) => {
    const name = decoded(segment);
    return names.has(name) ? hash(name) : segment;
  });
  return segments.join("/") + mark;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Those that say nothing of objects. */
const plainAnnotations = new Set(["authorization.k8s.io/decision", "audit.k8s.io/truncated"]);

function knownAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => plainAnnotations.has(name)));
}
