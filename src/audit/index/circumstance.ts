/**
 * Under which circumstance something is on record: who, how and from where. It is the same for most of what one client does,
 * so rows name it by a number.
 */
import type { AuditEvent } from "../audit-event.ts";

/** What an entry is to the list it stands in. */
export const marks = [
  /** It is about what the list is of. */
  "about",
  /** The values of the secret left with it. */
  "values",
  /** The name or the metadata of the secret left with it, and no value. */
  "metadata",
  /** A watch ended, as a cluster says, by which values may have left: of the same watch as one with `values`, if that is on record. */
  "ended",
] as const;
export type Mark = (typeof marks)[number];

export interface Circumstance {
  readonly mark: Mark;
  /** Who it was decided for: whom the caller acted as, if anybody. "" when it is not known. */
  readonly user: string;
  /** Who acted as the user; "" when nobody did. */
  readonly impersonator: string;
  readonly verb: string;
  readonly door: string;
  /** `allow`, `forbid`; "" when none was made. */
  readonly decision: string;
  /** Of the answer; 0 when there is none yet. */
  readonly code: number;
  readonly address: string;
  readonly userAgent: string;
  /** The id of the credential, as authentication names it; "" when it has none. */
  readonly credential: string;
  /** Which keys of the secret left, where that is on record. */
  readonly keys: readonly string[];
  /** The pods for which a node received it, where that is known: `NAMESPACE/NAME`. */
  readonly pods: readonly string[];
  /** Of what a cluster reports about all of its namespaces: how their names begin here. */
  readonly scope?: string;
}

/** Longest text of a user agent that is kept; entries have it whole. */
const userAgentMax = 256;
const credentialKey = "authentication.kubernetes.io/credential-id";
const decisionKey = "authorization.k8s.io/decision";

/** Of an event, as far as it says itself. */
export function circumstanceOf(event: AuditEvent): Circumstance {
  const { user, impersonatedUser, annotations, responseStatus } = event;
  return {
    mark: "about",
    user: (impersonatedUser ?? user).username,
    impersonator: impersonatedUser === undefined ? "" : user.username,
    verb: event.verb,
    door: event.door,
    decision: annotations?.[decisionKey] ?? "",
    code: responseStatus?.code ?? 0,
    address: event.sourceIPs.at(-1) ?? "",
    userAgent: event.userAgent.slice(0, userAgentMax),
    credential: user.extra?.[credentialKey]?.[0] ?? "",
    keys: [],
    pods: [],
  };
}

/** One text for each circumstance, and another one for any other. */
export function circumstanceText(circumstance: Circumstance): string {
  const { mark, user, impersonator, verb, door, decision, code, address, userAgent, credential } = circumstance;
  const { keys, pods, scope } = circumstance;
  const texts = [user, impersonator, verb, door, decision, address, userAgent, credential];
  return JSON.stringify([marks.indexOf(mark), code, texts, keys, pods, ...(scope === undefined ? [] : [scope])]);
}

/** The inverse of {@link circumstanceText}, of texts that it made. */
export function readCircumstance(written: string): Circumstance {
  const [place, code, texts, keys, pods, scope] = JSON.parse(written) as WrittenCircumstance; // authentic: as it was made
  const [user = "", impersonator = "", verb = "", door = "", decision = "", address = "", userAgent = "", ...rest] =
    texts;
  const mark = marks[place] ?? "about";
  const [credential = ""] = rest;
  const whole = { mark, user, impersonator, verb, door, decision, code, address, userAgent, credential, keys, pods };
  return scope === undefined ? whole : { ...whole, scope };
}

type WrittenCircumstance = [number, number, string[], string[], string[], string | undefined];

/** Whether it was refused to the caller. */
export function isRefused({ code }: Circumstance): boolean {
  return code === 401 || code === 403;
}
