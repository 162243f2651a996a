/** Events as a server records them, made by chance: reads, lists, watches and what they share, refusals, changes, impersonation. */
import type { AuditEvent, Disclosure } from "../../src/audit/audit-event.ts";
import { inRecord } from "../../src/audit/disclosures.ts";
import { disclosedFields } from "../../src/gate/stream-disclosures.ts";

/** Numbers from 0 up to, and without, `below`. */
export type Chance = (below: number) => number;

export const users = ["ann", "bob", "system:node:n1", "system:serviceaccount:prod:web", "eve"] as const;
export const secretNames = ["db", "tls", "api"] as const;
export const namespaces = ["prod", "test"] as const;
const doors = ["kubernetes", "vault"] as const;
const addresses = ["10.0.0.1", "10.0.0.2"] as const;

/** The same events for the same numbers. */
export function chanceOf(seed: number): Chance {
  let state = seed | 0;
  return (below) => {
    // xorshift, which is enough for tests.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export class RandomEvents {
  readonly #chance: Chance;
  #timeMs = Date.parse("2026-01-01T00:00:00Z");
  #made = 0;
  readonly #streams: string[] = ["unknown-stream"];

  constructor(seed: number) {
    this.#chance = chanceOf(seed === 0 ? 1 : seed);
    // The first numbers of small seeds are alike.
    for (let n = 0; n < 8; n++) this.#chance(2);
  }

  next(): AuditEvent {
    const make = [
      () => this.#get(),
      () => this.#get(),
      () => this.#list(),
      () => this.#watch(),
      () => this.#shared(),
      () => this.#shared(),
      () => this.#refused(),
      () => this.#refusedList(),
      () => this.#change(),
      () => this.#other(),
      () => this.#reported(),
      () => this.#reported(),
    ][this.#chance(12)];
    return make?.() ?? this.#get();
  }

  #one<T>(of: readonly T[]): T {
    return of[this.#chance(of.length)] as T; // never empty
  }

  #base(verb: string): AuditEvent {
    // Clocks go back now and then.
    this.#timeMs += this.#chance(20) === 0 ? -60_000 * this.#chance(60) : this.#chance(90_000);
    const time = `${new Date(this.#timeMs).toISOString().slice(0, -1)}000Z`;
    const impersonated = this.#chance(8) === 0 && { impersonatedUser: { username: this.#one(users), groups: [] } };
    return {
      auditID: `id-${this.#made++}`,
      stage: "ResponseComplete",
      door: this.#one(doors),
      verb,
      requestURI: "/api/v1/secrets",
      user: {
        username: this.#one(users),
        groups: ["g"],
        extra: { "authentication.kubernetes.io/credential-id": ["X"] },
      },
      ...impersonated,
      sourceIPs: ["1.2.3.4", this.#one(addresses)],
      userAgent: "kubectl",
      requestReceivedTimestamp: time,
      stageTimestamp: time,
      responseStatus: { code: 200 },
      annotations: { "authorization.k8s.io/decision": "allow" },
    };
  }

  #disclosure(): Disclosure {
    const name = this.#one(secretNames);
    const keys = this.#chance(3) === 0 ? {} : { keys: this.#chance(2) === 0 ? ["password"] : ["password", "user"] };
    return { namespace: this.#one(namespaces), name, uid: `uid-${name}`, resourceVersion: "7", ...keys };
  }

  #reference(namespace: string, name: string) {
    return { objectRef: { resource: "secrets", namespace, apiVersion: "v1", ...(name !== "" && { name }) } };
  }

  #get(): AuditEvent {
    const event = this.#base("get");
    const disclosure = this.#disclosure();
    const pod = { namespace: "prod", name: "web-1", uid: "u", node: "n1" };
    const behind = event.user.username === "system:node:n1" && { onBehalfOf: { pods: [pod] } };
    const reference = this.#reference(disclosure.namespace, disclosure.name);
    return { ...event, ...reference, ...disclosedFields([disclosure]), ...behind };
  }

  #list(): AuditEvent {
    const disclosed = Array.from({ length: this.#chance(9) }, () => this.#disclosure());
    // Before keys were on record, only the whole event told whether values left.
    const former = this.#chance(5) === 0;
    const all = former ? disclosed.map(withoutKeys) : disclosed;
    const reference = this.#reference(this.#one(["", ...namespaces]), "");
    const fields = former ? { disclosed: inRecord(all), metadataOnly: this.#chance(2) === 0 } : disclosedFields(all);
    return { ...this.#base("list"), stage: "Disclosed", ...reference, ...fields };
  }

  #watch(): AuditEvent {
    const streamID = `stream-${this.#made}`;
    if (this.#streams.length > 12) this.#streams.shift();
    const ends = this.#chance(4) === 0 && this.#streams.length > 1;
    if (!ends) this.#streams.push(streamID);
    const reference = this.#reference("", "");
    if (!ends) return { ...this.#base("watch"), stage: "ResponseStarted", streamID, ...reference };
    return { ...this.#base("watch"), streamID: this.#streams.pop() ?? "", ...reference };
  }

  #shared(): AuditEvent {
    const streams = Array.from({ length: 1 + this.#chance(4) }, () => this.#one(this.#streams));
    const { auditID, door, requestReceivedTimestamp, stageTimestamp } = this.#base("watch");
    const bare = { auditID, door, verb: "watch", requestURI: "", requestReceivedTimestamp, stageTimestamp };
    const user = { username: "", groups: [] };
    const pod = { namespace: "prod", name: "web-2", uid: "u", node: "n1" };
    const behind = this.#chance(2) === 0 && { onBehalfOf: { pods: [pod] } };
    const disclosed = disclosedFields([this.#disclosure()]);
    return { ...bare, stage: "Disclosed", user, sourceIPs: [], userAgent: "", ...disclosed, ...behind, streams };
  }

  #refused(): AuditEvent {
    const reference = this.#reference(this.#one(namespaces), this.#one(secretNames));
    return { ...this.#base("get"), ...reference, ...forbidden };
  }

  #refusedList(): AuditEvent {
    return { ...this.#base("list"), ...this.#reference(this.#one(["", ...namespaces]), ""), ...forbidden };
  }

  #change(): AuditEvent {
    const reference = this.#reference(this.#one(namespaces), this.#one(secretNames));
    const event = { ...this.#base(this.#one(["update", "delete"])), ...reference };
    if (this.#chance(2) === 0) return event;
    const { responseStatus: _, ...intent } = event;
    return { ...intent, stage: "RequestReceived", intentID: `intent-${this.#made}` };
  }

  /** Of a cluster, all of whose namespaces begin with a prefix: one secret, or all of a namespace or of the cluster. */
  #reported(): AuditEvent {
    const verb = this.#one(["get", "list", "watch", "patch", "delete", "update"]);
    const name = verb === "list" || (verb === "watch" && this.#chance(2) === 0) ? "" : this.#one(secretNames);
    const namespace = name === "" ? this.#one(["", ...namespaces]) : this.#one(namespaces);
    const policy = this.#chance(2) === 0 ? "?propagationPolicy=Foreground" : "";
    const [cluster, namespacePrefix] = this.#one([
      ["east", "pr"],
      ["west", ""],
    ] as const);
    const { objectRef } = this.#reference(namespace, name);
    return {
      ...this.#base(verb),
      ...(verb === "watch" && this.#chance(2) === 0 && { stage: "ResponseStarted" }),
      requestURI: `/api/v1/secrets${policy}`,
      door: `cluster:${cluster}`,
      objectRef: namespace === "" ? { resource: "secrets", apiVersion: "v1" } : objectRef,
      ...(this.#chance(4) === 0 && forbidden),
      reported: { cluster, namespacePrefix, receivedTimestamp: "2026-01-01T00:00:00.000000Z" },
    };
  }

  #other(): AuditEvent {
    const objectRef = { resource: "configmaps", namespace: "prod", name: "db", apiVersion: "v1" };
    return { ...this.#base("get"), objectRef };
  }
}

function withoutKeys({ namespace, name, uid, resourceVersion }: Disclosure): Disclosure {
  return { namespace, name, uid, resourceVersion };
}

const forbidden = {
  responseStatus: { code: 403, reason: "Forbidden" },
  annotations: { "authorization.k8s.io/decision": "forbid" },
} as const;
