/**
 * A dump that `sight collect` makes: lists of redacted objects, and one object that says what is not in them.
 *
 * That object is read back with the lists, so that what was unknown when it was collected stays unknown.
 */
import { missingRight } from "../facts/coverage-gap.ts";
import type { CoverageGap, GapReason, MissingRight } from "../facts/coverage-gap.ts";
import { factKindOf } from "../facts/fact-kind.ts";
import type { ClusterOrigin, FactSet } from "../facts/fact-set.ts";
import { allKinds, workloadKinds } from "../facts/facts.ts";
import type { FactKind } from "../facts/facts.ts";
import { field, listField, textField, textsField } from "../facts/json-fields.ts";
import { redactObject } from "./redact-object.ts";

const apiVersion = "sight.strongroom.dev/v1";
const kind = "Collection";

/** A file of a collection. */
export interface CollectedFile {
  readonly name: string;
  readonly text: string;
}

/** Objects while they are collected. They are redacted when they are added. */
export class Collection {
  readonly #byList = new Map<string, unknown[]>();
  #count = 0;

  /** An object after `withoutValues`. Kinds that are not looked at are left out. */
  add(decoded: unknown): void {
    const [version, objectKind] = [textField(decoded, "apiVersion"), textField(decoded, "kind")];
    const known = factKindOf(version, objectKind);
    if (known === undefined) return;
    const key = `${version}\n${objectKind}`;
    const list = this.#byList.get(key) ?? [];
    list.push(redactObject(known, decoded));
    this.#byList.set(key, list);
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  /** The files, each below the size at which a file is no longer read. */
  *files(facts: FactSet): Generator<CollectedFile> {
    yield { name: "collection.json", text: `${JSON.stringify(headOf(facts), undefined, 2)}\n` };
    for (const [key, items] of [...this.#byList].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [version = "", objectKind = ""] = key.split("\n");
      const name = [objectKind.toLowerCase(), version.replaceAll("/", "-")].join(".");
      for (const [number, part] of partsOf(items).entries()) {
        // A line an object: such files can be compared and searched.
        const lines = part.map((item) => JSON.stringify(item)).join(",\n");
        const text = `{"apiVersion":${JSON.stringify(version)},"kind":${JSON.stringify(`${objectKind}List`)},"items":[\n${lines}\n]}\n`;
        yield { name: `${name}${number === 0 ? "" : `-${number + 1}`}.json`, text };
      }
    }
  }
}

const objectsPerFile = 20_000;

function partsOf(items: readonly unknown[]): unknown[][] {
  const count = Math.max(1, Math.ceil(items.length / objectsPerFile));
  return Array.from({ length: count }, (_, index) => items.slice(index * objectsPerFile, (index + 1) * objectsPerFile));
}

function headOf(facts: FactSet): object {
  const { origin, gaps } = facts.coverage;
  const known = allKinds.filter((each) => facts.isListed(each));
  return {
    apiVersion,
    kind,
    metadata: { name: origin?.id ?? "" },
    origin,
    listed: known,
    gaps: [...gaps, ...redactionGaps(facts)],
  };
}

const leftOut = "values of variables, commands and annotations were left out when the dump was made";

/** What was left out is not known any more. */
function redactionGaps(facts: FactSet): CoverageGap[] {
  const kinds: FactKind[] = [...workloadKinds, "ConfigMap", "ControllerRevision"];
  const gaps = facts.coverage.gaps;
  return kinds
    .filter((each) => facts.of(each).length > 0 && !gaps.some((gap) => gap.kind === each && gap.namespace === ""))
    .map((each) => ({ kind: each, namespace: "", reason: "partial", message: leftOut }));
}

export function isCollection(value: unknown): boolean {
  return textField(value, "apiVersion") === apiVersion && textField(value, "kind") === kind;
}

/** What a collection says of itself, into the facts that are read with it. It may be by anybody: what is not in order is passed over. */
export function addCollection(facts: FactSet, value: unknown): void {
  const isKind = (name: unknown): name is FactKind => allKinds.some((each) => each === name);
  for (const listed of textsField(value, "listed")) if (isKind(listed)) facts.markListed(listed);
  for (const gap of listField(value, "gaps")) {
    const gapKind = field(gap, "kind");
    if (isKind(gapKind)) facts.addGap(readGap(gapKind, gap));
  }
  const origin = readOrigin(field(value, "origin"));
  if (origin !== undefined) facts.origin = origin;
}

const reasons: readonly GapReason[] = ["level", "forbidden", "failed", "partial"];
const textMax = 1000;

function readGap(gapKind: FactKind, gap: unknown): CoverageGap {
  const knownUntil = shortText(gap, "knownUntil");
  const missing = readMissing(field(gap, "missing"));
  return {
    kind: gapKind,
    namespace: shortText(gap, "namespace"),
    reason: reasons.find((each) => each === field(gap, "reason")) ?? "failed",
    message: shortText(gap, "message") || "the dump does not say why",
    ...(missing !== undefined && { missing }),
    ...(knownUntil !== "" && { knownUntil }),
  };
}

function readMissing(right: unknown): MissingRight | undefined {
  if (right === undefined) return undefined;
  return missingRight({
    verbs: textsField(right, "verbs").slice(0, 10),
    group: shortText(right, "group"),
    resource: shortText(right, "resource"),
    namespace: shortText(right, "namespace"),
  });
}

function readOrigin(origin: unknown): ClusterOrigin | undefined {
  if (origin === undefined) return undefined;
  const server = (["kubernetes", "strongroom"] as const).find((each) => each === field(origin, "server")) ?? "unknown";
  return {
    id: shortText(origin, "id"),
    version: shortText(origin, "version"),
    server,
    level: shortText(origin, "level"),
    readAt: shortText(origin, "readAt"),
  };
}

function shortText(value: unknown, name: string): string {
  return textField(value, name).slice(0, textMax);
}
