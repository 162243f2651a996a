/**
 * The secrets that an event says have left, one by one, whatever form the event has them in.
 *
 * A few stand in a list. More stand in columns: what they share is written once, so that ten thousand secrets of a namespace
 * take some 70 bytes each before compression, not 180.
 */
import type { AuditEvent, Disclosure, DisclosureTable } from "./audit-event.ts";

/** A disclosure with what its event says of all of them. */
export interface RecordedDisclosure extends Disclosure {
  /** Only its name and metadata left, no values. */
  readonly metadataOnly: boolean;
}

/** From so many on they stand in columns. */
const tableSecretsMin = 4;

/** As an event has them. The same secret may be in it more than once. */
export function inRecord(disclosures: readonly Disclosure[]): readonly Disclosure[] | DisclosureTable {
  return disclosures.length < tableSecretsMin ? disclosures : tableOf(disclosures);
}

/**
 * All that an event discloses, in the order in which it left. Events of before keys were on record have none: there, `metadataOnly`
 * alone tells whether values left.
 */
export function disclosuresOf({
  disclosed = [],
  metadataOnly = false,
}: Pick<AuditEvent, "disclosed" | "metadataOnly">): RecordedDisclosure[] {
  const all = isList(disclosed) ? disclosed : rowsOf(disclosed);
  // Where keys are on record at all, what has none had no values.
  const knowsKeys = all.some(({ keys }) => keys !== undefined);
  return all.map((one) => ({ ...one, metadataOnly: metadataOnly || (knowsKeys && one.keys === undefined) }));
}

/** How many {@link disclosuresOf} has. */
export function disclosureCount({ disclosed = [] }: Pick<AuditEvent, "disclosed">): number {
  return isList(disclosed) ? disclosed.length : disclosed.names.length;
}

function isList(disclosed: readonly Disclosure[] | DisclosureTable): disclosed is readonly Disclosure[] {
  return Array.isArray(disclosed);
}

function tableOf(disclosures: readonly Disclosure[]): DisclosureTable {
  const namespaces: [string, number][] = [];
  const sets = new KeySets();
  const keys = disclosures.map((one) => sets.numberOf(one.keys));
  for (const { namespace } of disclosures) {
    const last = namespaces.at(-1);
    if (last?.[0] === namespace) last[1]++;
    else namespaces.push([namespace, 1]);
  }
  return {
    namespaces,
    names: disclosures.map(({ name }) => name),
    uids: disclosures.map(({ uid }) => uid),
    resourceVersions: disclosures.map(({ resourceVersion }) => resourceVersion),
    ...(sets.all.length > 0 && { keySets: sets.all }),
    ...(keys.some((number) => number !== keys[0]) ? { keys } : keys[0] === 0 && { keys: 0 }),
    ...(disclosures.some(({ version }) => version !== undefined) && {
      versions: disclosures.map(({ version = 0 }) => version),
    }),
    ...(disclosures.some(({ linkedFrom }) => linkedFrom !== undefined) && {
      linkedFrom: disclosures.map(({ linkedFrom = "" }) => linkedFrom),
    }),
  };
}

/** Sets of keys that occur, each once: most secrets of a namespace have the same few. */
class KeySets {
  readonly all: (readonly string[])[] = [];
  readonly #numbers = new Map<string, number>();

  /** -1 for none. */
  numberOf(keys: readonly string[] | undefined): number {
    if (keys === undefined) return -1;
    // No key has a space.
    const text = keys.join(" ");
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.all.push(keys) - 1;
      this.#numbers.set(text, number);
    }
    return number;
  }
}

function rowsOf(table: DisclosureTable): Disclosure[] {
  const { namespaces, names, uids, resourceVersions, keySets = [], keys = -1, versions = [], linkedFrom = [] } = table;
  const inNamespaces = namespaces.flatMap(([namespace, count]) => Array.from({ length: count }, () => namespace));
  return names.map((name, row) => {
    const set = keySets[typeof keys === "number" ? keys : (keys[row] ?? -1)];
    const version = versions[row] ?? 0;
    const source = linkedFrom[row] ?? "";
    return {
      namespace: inNamespaces[row] ?? "",
      name,
      uid: uids[row] ?? "",
      resourceVersion: resourceVersions[row] ?? "",
      ...(set !== undefined && { keys: set }),
      ...(version > 0 && { version }),
      ...(source !== "" && { linkedFrom: source }),
    };
  });
}
