/** What objects show by themselves, as findings; one value in many places is one finding. */
import type { ExaminedObject, FactSet } from "../facts/fact-set.ts";
import type { ServerKind } from "../facts/server-profile.ts";
import { placeText } from "../facts/provenance.ts";
import { fieldText } from "../examination/observation.ts";
import type { PlacedObservation } from "../examination/observation.ts";
import { objectText } from "../questions/principal.ts";
import { checkOf } from "./check-registry.ts";
import { makeFinding } from "./finding.ts";
import type { Evidence, Finding } from "./finding.ts";
import { jsonPatch, kubectlGet } from "./kubectl-command.ts";
import { baseScore } from "./score.ts";
import type { ScoreFactor } from "./score.ts";

interface Seen {
  readonly object: ExaminedObject;
  readonly observation: PlacedObservation;
}

const evidenceMax = 20;

/** All of them. */
export function observedFaults(facts: FactSet): Finding[] {
  const groups = new Map<string, Seen[]>();
  const origins = new Map<string, string>();
  for (const object of facts.examined()) {
    const { kind, namespace, name, examined } = object;
    if (examined.madeBy !== undefined)
      origins.set(keyOf(`${kind}/${name}`, namespace), keyOf(examined.madeBy, namespace));
    for (const observation of examined.observations) {
      const key = groupKey(object, observation);
      const known = groups.get(key);
      if (known === undefined) groups.set(key, [{ object, observation }]);
      else known.push({ object, observation });
    }
  }
  return Array.from(groups.values(), (seen) => findingOf(seen, origins, facts.server.kind));
}

function keyOf(object: string, namespace: string): string {
  return `${namespace}\n${object}`;
}

/** A leaked value is one fault of its namespace, wherever it stands: template, pods made of it, and history. */
function groupKey(object: ExaminedObject, { check, fingerprint, path, text }: PlacedObservation): string {
  if (fingerprint !== "") return `${object.namespace}\n${fingerprint}`;
  if (check.startsWith("SR-CONT-")) return `${check}\n${objectText(object)}`;
  return [check, objectText(object), fieldText(path), text].join("\n");
}

function findingOf(seen: readonly Seen[], origins: ReadonlyMap<string, string>, server: ServerKind): Finding {
  const [first, ...others] = seen.toSorted((a, b) => precedence(a, origins) - precedence(b, origins) || compare(a, b));
  if (first === undefined) throw new TypeError("a group must have a member");
  const { object, observation } = first;
  const { title, score } = checkOf(observation.check);
  const field = fieldText(observation.path);
  const more = others.length === 0 ? "" : ` (and in ${others.length} more place${others.length === 1 ? "" : "s"})`;
  return makeFinding({
    check: observation.check,
    object,
    about: observation.check.startsWith("SR-CONT-")
      ? []
      : [field, ...(observation.fingerprint === "" ? [] : [shortText(observation.text)])],
    ...(observation.check === "SR-LEAK-005" && server === "strongroom" ? leftOutOfMetadata : {}),
    score: baseScore(score, ...observation.factors, ...factorsOf(observation, server)),
    message: `${title}: ${objectText(object)} in ${field}, ${observation.text}${more}`,
    evidence: [first, ...others].slice(0, evidenceMax).map(evidenceOfSeen),
    patch: observation.patch === undefined ? undefined : jsonPatch(object, observation.patch),
    verify: { command: kubectlGet(object, "-o yaml"), expect: `${field} without it` },
    unknown: object.examined.complete ? [] : ["whether there is more: a limit was met"],
  });
}

/** A Strongroom server answers who may only see metadata without such annotations. */
const leftOutOfMetadata = {
  explanation:
    "kubectl apply keeps what was applied in an annotation. This server leaves it out for who may only see metadata; what copies metadata elsewhere does not.",
};

function factorsOf({ check }: PlacedObservation, server: ServerKind): ScoreFactor[] {
  if (check !== "SR-LEAK-005" || server !== "strongroom") return [];
  return [{ name: "server", value: 0.5, because: "this server leaves it out for who may only see metadata" }];
}

/** What a controller made is the copy of what somebody wrote; history is older still. */
function precedence(
  { object: { kind, namespace, name }, observation }: Seen,
  origins: ReadonlyMap<string, string>,
): number {
  const isMade = origins.has(keyOf(`${kind}/${name}`, namespace));
  const isCopy = observation.path.includes("kubectl.kubernetes.io/last-applied-configuration");
  return (isMade ? 4 : 0) + (isCopy ? 2 : 0) + (observation.check === "SR-LEAK-010" ? 1 : 0);
}

function compare(a: Seen, b: Seen): number {
  const [left, right] = [nameOf(a), nameOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function nameOf({ object, observation }: Seen): string {
  return `${objectText(object)}\n${fieldText(observation.path)}\n${observation.text}`;
}

function evidenceOfSeen({ object, observation }: Seen): Evidence {
  const { at, path, text } = observation;
  return { object: objectText(object), place: placeText(at), at, field: fieldText(path), text };
}

/** Of one field with several credentials: which kind it is. */
function shortText(text: string): string {
  return text.split(":")[0] ?? text;
}
