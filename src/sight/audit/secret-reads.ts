/** Who read one secret in fact, from the requests of audit logs. */
import type { AuditCollector } from "./audit-log.ts";
import { isDryRun, readingVerbs, returnsDeleted } from "./audit-request.ts";
import type { AuditedStage } from "./audit-request.ts";

/** What a principal did to a secret. */
export interface SecretUse {
  /** As it is on record. */
  readonly user: string;
  readonly groups: ReadonlySet<string>;
  /** Requests that returned the values, as far as the log can say. */
  reads: number;
  /** Of them, requests for all secrets of a namespace or the cluster: in a log of Kubernetes, of any secret it had then. */
  scoped: number;
  /** Of them, writes that changed nothing and returned the values. */
  dryRun: number;
  /** Deletions that may have returned the values. */
  uncertain: number;
  /** Reads of names and metadata; only our own server tells. */
  metadataOnly: number;
  refused: number;
  /** In milliseconds; of reads, else of what there is. Infinity and -Infinity without a time. */
  first: number;
  last: number;
  readonly verbs: Map<string, number>;
  readonly impersonators: Set<string>;
  readonly userAgents: Set<string>;
  readonly addresses: Set<string>;
}

const usersMax = 50_000;
const wordsMax = 8;
const groupsMax = 64;

export class SecretReads implements AuditCollector {
  readonly #namespace: string;
  readonly #name: string;
  readonly #uses = new Map<string, SecretUse>();
  /** Requests of users beyond the first {@link usersMax}. */
  lost = 0;

  constructor(secret: { readonly namespace: string; readonly name: string }) {
    this.#namespace = secret.namespace;
    this.#name = secret.name;
  }

  get uses(): readonly SecretUse[] {
    return [...this.#uses.values()];
  }

  request(request: AuditedStage): void {
    if (request.resource !== "secrets" || request.group !== "" || request.subresource !== "") return;
    if (!readingVerbs.has(request.verb) || !this.#concerns(request)) return;
    const { code, verb } = request;
    if (code !== undefined && code >= 400) {
      const use = code === 401 || code === 403 ? this.#useOf(request) : undefined;
      if (use !== undefined) use.refused++;
      return;
    }
    if (request.isOwn) return; // says itself what left
    const use = this.#useOf(request);
    if (use === undefined) return;
    if (verb === "delete" && !returnsDeleted(request)) use.uncertain++;
    else {
      use.reads++;
      if (request.name === "") use.scoped++;
      if (isDryRun(request)) use.dryRun++;
    }
    note(use, request);
  }

  disclosed(request: AuditedStage, metadataOnly: boolean): void {
    const isHere = request.disclosed?.some(
      ({ namespace, name }) => namespace === this.#namespace && name === this.#name,
    );
    if (isHere !== true) return;
    const use = this.#useOf(request);
    if (use === undefined) return;
    if (metadataOnly) use.metadataOnly++;
    else use.reads++;
    if (!metadataOnly && isDryRun(request)) use.dryRun++;
    note(use, request);
  }

  #concerns({ namespace, name, verb }: AuditedStage): boolean {
    if (name !== "") return name === this.#name && (namespace === this.#namespace || namespace === "");
    const isMany = verb === "list" || verb === "watch" || verb === "deletecollection";
    return isMany && (namespace === this.#namespace || namespace === "");
  }

  #useOf({ user, groups }: AuditedStage): SecretUse | undefined {
    let use = this.#uses.get(user);
    if (use === undefined) {
      if (this.#uses.size >= usersMax) {
        this.lost++;
        return undefined;
      }
      use = newUse(user, groups);
      this.#uses.set(user, use);
    }
    return use;
  }
}

function newUse(user: string, groups: readonly string[]): SecretUse {
  return {
    user,
    groups: new Set(groups.slice(0, groupsMax)),
    reads: 0,
    scoped: 0,
    dryRun: 0,
    uncertain: 0,
    metadataOnly: 0,
    refused: 0,
    first: Infinity,
    last: -Infinity,
    verbs: new Map(),
    impersonators: new Set(),
    userAgents: new Set(),
    addresses: new Set(),
  };
}

function note(use: SecretUse, { verb, time, impersonator, userAgent, address }: AuditedStage): void {
  use.verbs.set(verb, (use.verbs.get(verb) ?? 0) + 1);
  if (time !== undefined) {
    use.first = Math.min(use.first, time);
    use.last = Math.max(use.last, time);
  }
  keep(use.impersonators, impersonator);
  keep(use.userAgents, userAgent);
  keep(use.addresses, address);
}

/** The first few say enough. */
function keep(words: Set<string>, word: string): void {
  if (word !== "" && words.size < wordsMax) words.add(word);
}
