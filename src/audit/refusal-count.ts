/** Requests that are counted for one common record. */
import type { AuditEvent, Refusals } from "./audit-event.ts";
import { cutText } from "./cut-text.ts";

/** Networks that are named in one common record. */
const namedNetworksMax = 100;
/** What was asked, of which a common record names so many, each in so many characters. */
const namedAskedMax = 32;
const askedCharactersMax = 160;

export class RefusalCount {
  /** Whose they are, in the common record. */
  readonly user: AuditEvent["user"];
  readonly door: string;
  /** When the first of them was received. */
  readonly since: string;
  readonly #networks = new NamedCounts(namedNetworksMax);
  readonly #asked = new NamedCounts(namedAskedMax);

  constructor({
    door,
    since,
    user,
  }: {
    readonly door: string;
    readonly since: string;
    readonly user: AuditEvent["user"];
  }) {
    this.door = door;
    this.since = since;
    this.user = user;
  }

  add(event: AuditEvent, network: string): void {
    this.#networks.add(network, 1);
    this.#asked.add(askedOf(event), 1);
  }

  addAll(later: RefusalCount): void {
    this.#networks.addAll(later.#networks);
    this.#asked.addAll(later.#asked);
  }

  refusals(): Refusals {
    return {
      count: this.#networks.total,
      networks: this.#networks.named,
      otherNetworks: this.#networks.others,
      asked: this.#asked.named,
      otherAsked: this.#asked.others,
    };
  }
}

/** What a request was about: the verb, and the kind of object and its namespace. A path that is none of ours is anybody's text. */
function askedOf({ verb, objectRef, responseStatus }: AuditEvent): string {
  const code = String(responseStatus?.code ?? "");
  if (objectRef === undefined) return `${code} ${verb}`;
  const { apiGroup, resource, subresource, namespace } = objectRef;
  const kind = [resource, ...(apiGroup === undefined ? [] : [`.${apiGroup}`])].join("");
  const what = subresource === undefined ? kind : `${kind}/${subresource}`;
  return cutText(`${code} ${verb} ${what}${namespace === undefined ? "" : ` in ${namespace}`}`, askedCharactersMax);
}

/** How often each name was counted, of the first names; the rest is counted together. */
class NamedCounts {
  readonly #namedMax: number;
  readonly #named = new Map<string, number>();
  total = 0;
  others = 0;

  constructor(namedMax: number) {
    this.#namedMax = namedMax;
  }

  add(name: string, count: number): void {
    this.total += count;
    const known = this.#named.get(name);
    if (known !== undefined || this.#named.size < this.#namedMax) this.#named.set(name, (known ?? 0) + count);
    else this.others += count;
  }

  addAll(later: NamedCounts): void {
    for (const [name, count] of later.#named) this.add(name, count);
    this.total += later.others;
    this.others += later.others;
  }

  get named(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#named);
  }
}
