/** Which rights were used, by whom, when and how often: the successful requests of audit logs, counted by what they asked. */
import type { AuditCollector } from "./audit-log.ts";
import type { AuditedStage } from "./audit-request.ts";

/** A kind of request of one user. */
export interface RightUse {
  readonly verb: string;
  readonly group: string;
  /** "" for what is no resource; then `name` is the path. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  /** "" for none; undefined for any, where a user asked for too many. */
  readonly name: string | undefined;
  count: number;
  /** In milliseconds; Infinity and -Infinity without a time. */
  first: number;
  last: number;
}

export interface UserUse {
  readonly user: string;
  readonly groups: ReadonlySet<string>;
  readonly rights: ReadonlyMap<string, RightUse>;
}

/** So many names of one kind of request of one user are kept apart. */
const namesMax = 500;
/** So many kinds of requests are kept in all, at some 300 bytes each. */
const kindsMax = 400_000;
const groupsMax = 64;

interface Growing {
  readonly user: string;
  readonly groups: Set<string>;
  readonly rights: Map<string, RightUse>;
  /** How many names each kind of request has. */
  readonly names: Map<string, number>;
}

export class Usage implements AuditCollector {
  readonly #users = new Map<string, Growing>();
  #kinds = 0;
  /** Requests whose names were not kept apart. */
  merged = 0;
  /** Requests that were not kept at all. */
  lost = 0;

  get users(): Iterable<UserUse> {
    return this.#users.values();
  }

  of(user: string): UserUse | undefined {
    return this.#users.get(user);
  }

  disclosed(): void {
    // The request itself comes too.
  }

  request(request: AuditedStage): void {
    if (request.code !== undefined && request.code >= 400) return;
    const user = this.#userOf(request);
    const use = user === undefined ? undefined : this.#useOf(user, request);
    if (use === undefined) {
      this.lost++;
      return;
    }
    use.count++;
    const { time } = request;
    if (time === undefined) return;
    use.first = Math.min(use.first, time);
    use.last = Math.max(use.last, time);
  }

  #userOf({ user, groups }: AuditedStage): Growing | undefined {
    let found = this.#users.get(user);
    if (found === undefined) {
      if (this.#kinds >= kindsMax) return undefined;
      found = { user, groups: new Set(), rights: new Map(), names: new Map() };
      this.#users.set(user, found);
    }
    for (const group of groups) if (found.groups.size < groupsMax) found.groups.add(group);
    return found;
  }

  #useOf(user: Growing, request: AuditedStage): RightUse | undefined {
    const { verb, group, resource, subresource, namespace } = request;
    const name = resource === "" ? pathOf(request.requestURI) : nameAsked(request);
    const kind = JSON.stringify([verb, group, resource, subresource, namespace]);
    // No name of an object has a line break in it.
    const known = user.rights.get(`${kind}${name}`) ?? user.rights.get(`${kind}${anyName}`);
    if (known !== undefined) {
      if (known.name === undefined) this.merged++;
      return known;
    }
    if (this.#kinds >= kindsMax) return undefined;
    this.#kinds++;
    const names = user.names.get(kind) ?? 0;
    user.names.set(kind, names + 1);
    const isApart = names < namesMax;
    if (!isApart) this.merged++;
    const kept = isApart ? name : undefined;
    const use = {
      verb,
      group,
      resource,
      subresource,
      namespace,
      name: kept,
      count: 0,
      first: Infinity,
      last: -Infinity,
    };
    user.rights.set(`${kind}${kept ?? anyName}`, use);
    return use;
  }
}

const anyName = "\n";

/**
 * The name that was decided about. Of an object that is created, the log has the name from its body, which no rule with names
 * allows: the path has none. Source: k8s.io/apiserver pkg/audit (LogRequestObject), pkg/endpoints/request (requestinfo.go).
 */
function nameAsked({ verb, subresource, name }: AuditedStage): string {
  return verb === "create" && subresource === "" ? "" : name;
}

function pathOf(uri: string): string {
  const query = uri.indexOf("?");
  return query < 0 ? uri : uri.slice(0, query);
}
