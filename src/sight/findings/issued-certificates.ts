/** Client certificates that the cluster has issued: nothing takes one back before its end. */
import type { FactSet } from "../facts/fact-set.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { kubectlGet } from "./kubectl-command.ts";
import { baseScore } from "./score.ts";

/** Those that are good now, but for those of nodes. `now` is in milliseconds since 1970; nothing is told without it. */
export function issuedCertificates(facts: FactSet, now: number | undefined): Finding[] {
  if (now === undefined) return [];
  return facts.of("CertificateSigningRequest").flatMap((request) => {
    const { issued } = request;
    if (issued === undefined || !(issued.notAfter > now) || issued.groups.includes("system:nodes")) return [];
    const day = new Date(issued.notAfter).toISOString().slice(0, 10);
    const groups = issued.groups.length === 0 ? "" : ` in ${issued.groups.join(", ")}`;
    const who = `User ${issued.user}${groups}`;
    const isMaster = issued.groups.includes("system:masters");
    return [
      makeFinding({
        check: "SR-ACC-011",
        object: request,
        about: [who],
        score: baseScore(4, {
          name: "groups",
          value: isMaster ? 2 : 1,
          because: isMaster ? "system:masters has every right" : "groups have what is bound to them",
        }),
        message: `A certificate makes who has its key ${who}, until ${day}`,
        evidence: [evidenceOf(request, "status.certificate", `issued for ${who}, not after ${day}`)],
        verify: {
          command: kubectlGet(request),
          expect: "NotFound, after its end; until then, no binding of its user and groups",
        },
      }),
    ];
  });
}
