/** Which ways to secrets are worst, one finding for each source and first step; and facts that are worse together. */
import { builtIn } from "../facts/provenance.ts";
import type { Provenance } from "../facts/provenance.ts";
import type { SecretName, SecurityGraph } from "../graph/security-graph.ts";
import { objectText } from "../questions/principal.ts";
import type { RankedSecret, RankedSource, SecretRanking } from "../risk/rank-secrets.ts";
import { sourceOf, traitsOf } from "../risk/secret-traits.ts";
import type { TraitOptions } from "../risk/secret-traits.ts";
import { toxicCombinations } from "../risk/toxic-combinations.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Evidence, Finding } from "./finding.ts";
import { severityOf } from "./score.ts";
import { sourceFlag } from "./source-flag.ts";
import { shellWord } from "./shell-word.ts";

/** What is less likely than this is what a platform is made of. */
const valueMin = 0.3;
/** Ways that are shown: further ones are found again when these are closed. */
const groupsMax = 50;
const combinationsMax = 20;

interface Group {
  readonly source: RankedSource;
  readonly worst: RankedSecret;
  count: number;
}

/** For the secrets of medium risk and above. */
export function secretsAtRisk(graph: SecurityGraph, ranking: SecretRanking): Finding[] {
  const groups = new Map<string, Group>();
  for (const ranked of ranking.secrets) {
    if (ranked.risk.score.value < 4) break;
    for (const source of ranked.sources) {
      if (source.likelihood * source.reach < valueMin || isDeclaredUse(source)) continue;
      const key = `${source.name}\n${source.firstEdge}`;
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { source, worst: ranked, count: 1 });
      else known.count++;
    }
  }
  // Groups are in the order of their worst secrets; of one secret, in that of its sources.
  return [...groups.values()].slice(0, groupsMax).map((group) => groupFinding(graph, ranking, group));
}

/** A workload that is not reached from outside and has a secret in it, as its manifest says: what it is for. */
function isDeclaredUse(source: RankedSource): boolean {
  return source.class === "workload" && source.firstEdge === "secret-in-pod";
}

function groupFinding(graph: SecurityGraph, ranking: SecretRanking, { source, worst, count }: Group): Finding {
  const { secret, risk } = worst;
  const shown = objectText({ kind: "Secret", ...secret });
  const path = stepsBy(ranking, secret, source);
  const signs = evidenceOfUse(worst, graph);
  const more = count > 1 ? ` and ${count - 1} more secret${count > 2 ? "s" : ""}` : "";
  return makeFinding({
    check: "SR-RSK-001",
    object: { kind: "Secret", ...secret, at: placeOf(graph, secret) },
    subject: source.name,
    about: [source.firstEdge],
    score: risk.score,
    message: `${source.name} (${source.class}) comes to ${shown}${more}: risk ${risk.score.value.toFixed(1)}, ${severityOf(risk.score.value)}${signs.map(({ text }) => `; ${text}`).join("")}`,
    evidence: [...evidenceOfPath(path, graph, secret), ...signs],
    path,
    fix: path.find(({ fix }) => fix !== "")?.fix ?? "Take away the first step of the way.",
    verify: whoCanCommand(graph, secret),
    unknown: risk.unknown,
    secrets: count,
    // All sources share the risk of the secret: the likeliest to come to it is the first to be cut, of those who comes to most.
    weight: source.likelihood * source.reach + Math.min(count, 1e6) / 1e9,
  });
}

/** What logs show, where it counts. */
function evidenceOfUse({ secret, risk }: RankedSecret, graph: SecurityGraph): Evidence[] {
  const sign = risk.score.factors.find(({ name }) => name === "evidence");
  if (sign === undefined) return [];
  return [evidenceOf({ kind: "Secret", ...secret, at: placeOf(graph, secret) }, "", `in the logs: ${sign.because}`)];
}

function stepsBy(ranking: SecretRanking, secret: SecretName, { name }: RankedSource) {
  return ranking.pathsTo(secret).find(({ source }) => source.name === name)?.steps ?? [];
}

function evidenceOfPath(path: ReturnType<typeof stepsBy>, graph: SecurityGraph, secret: SecretName): Evidence[] {
  const proofs = path.flatMap(({ proof, because }) =>
    proof.map(({ object, place, at }) => ({ object, place, at, field: "", text: because })),
  );
  if (proofs.length > 0) return proofs;
  return [
    evidenceOf({ kind: "Secret", ...secret, at: placeOf(graph, secret) }, "", "it is come to by what is built in"),
  ];
}

function placeOf(graph: SecurityGraph, { namespace, name }: SecretName): Provenance {
  return graph.facts.named("Secret", namespace, name)[0]?.at ?? builtIn;
}

function whoCanCommand({ facts }: SecurityGraph, { namespace, name }: SecretName) {
  const asked = shellWord(`${namespace}/${name}`);
  return { command: `strongroom who-can ${asked}${sourceFlag(facts.source)}`, expect: "no reader by this way" };
}

/** One for each combination and secret, the worst secrets first. */
export function toxicSecrets(graph: SecurityGraph, ranking: SecretRanking, options: TraitOptions): Finding[] {
  return toxicCombinations.flatMap(({ check, all, by }) => {
    const found: Finding[] = [];
    for (const ranked of ranking.secrets) {
      if (found.length === combinationsMax || ranked.risk.score.value < 4) break;
      const traits = traitsOf(graph, ranked, by, options);
      if (!all.every((trait) => traits.has(trait))) continue;
      const { secret } = ranked;
      const source = sourceOf(ranked, by);
      const path = source === undefined ? [] : stepsBy(ranking, secret, source);
      const object = { kind: "Secret", ...secret, at: placeOf(graph, secret) };
      const reasons = all.map((trait) => traits.get(trait) ?? trait);
      found.push(
        makeFinding({
          check,
          object,
          score: ranked.risk.score,
          message: `${objectText(object)}: ${reasons.join("; ")}`,
          evidence: [
            ...reasons.map((reason) => evidenceOf(object, "", reason)),
            ...evidenceOfPath(path, graph, secret),
          ],
          path,
          verify: whoCanCommand(graph, secret),
          unknown: ranked.risk.unknown,
        }),
      );
    }
    return found;
  });
}
