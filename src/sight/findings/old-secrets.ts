/** Secrets that nobody has changed for long: one finding for each namespace, since there may be thousands. */
import type { SecretFact } from "../facts/facts.ts";
import { objectText } from "../questions/principal.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Evidence, Finding } from "./finding.ts";
import { kubectlGet } from "./kubectl-command.ts";
import { baseScore } from "./score.ts";

const dayMilliseconds = 24 * 3600 * 1000;
const oldDays = 365;
/** Of a group, the evidence of so many. */
export const secretsShown = 20;

/** Types that others make, and renew or delete. */
export const madeTypes: ReadonlySet<string> = new Set([
  "kubernetes.io/service-account-token",
  "helm.sh/release.v1",
  "bootstrap.kubernetes.io/token",
]);

interface OldSecret {
  readonly secret: SecretFact;
  readonly changed: number;
  readonly days: number;
  /** Whether it is known when values were written; else it is when the secret was made. */
  readonly isKnown: boolean;
}

/** Those of one namespace together, the oldest first. `now` is in milliseconds since 1970; nothing is old without it. */
export function oldSecrets(secrets: readonly SecretFact[], now: number | undefined): Finding[] {
  if (now === undefined) return [];
  const old = secrets.flatMap((secret) => oldSecret(secret, now));
  const byNamespace = Map.groupBy(old, ({ secret }) => secret.namespace);
  return Array.from(byNamespace.values(), (found) => findingOf(found.sort(byAge)));
}

function oldSecret(secret: SecretFact, now: number): OldSecret[] {
  const { createdAt, examined, type } = secret;
  const changed = Date.parse(examined?.changedAt ?? createdAt ?? "");
  if (Number.isNaN(changed) || madeTypes.has(type)) return [];
  const days = Math.floor((now - changed) / dayMilliseconds);
  return days > oldDays ? [{ secret, changed, days, isKnown: examined?.changedAt !== undefined }] : [];
}

/** The same order whatever the order of the input. */
function byAge(a: OldSecret, b: OldSecret): number {
  return a.changed - b.changed || (a.secret.name < b.secret.name ? -1 : 1);
}

function findingOf(found: readonly OldSecret[]): Finding {
  const [oldest] = found;
  if (oldest === undefined) throw new TypeError("a group must have a secret");
  const { secret, days, isKnown } = oldest;
  const many =
    found.length > 1 ? `${found.length} secrets of ${secret.namespace} are over a year old, the oldest: ` : "";
  const isEachKnown = found.every((each) => each.isKnown);
  return makeFinding({
    check: "SR-LIFE-001",
    object: secret,
    subject: `old secrets of ${secret.namespace}`,
    score: baseScore(3, { name: "age", value: days > 3 * oldDays ? 1.5 : 1, because: `${days} days` }),
    message: `${many}${objectText(secret)} ${isKnown ? "was last changed" : "was made"} on ${dayOf(oldest)}, ${days} days ago`,
    evidence: found.slice(0, secretsShown).map(evidenceOfAge),
    verify: {
      command: kubectlGet(secret, "--show-managed-fields -o yaml"),
      expect: "a time of change after the rotation",
    },
    unknown: isEachKnown ? [] : ["when values were last changed: what is known is when the secrets were made"],
  });
}

function evidenceOfAge(old: OldSecret): Evidence {
  return evidenceOf(
    old.secret,
    old.isKnown ? "metadata.managedFields[].time" : "metadata.creationTimestamp",
    dayOf(old),
  );
}

function dayOf({ changed }: OldSecret): string {
  return new Date(changed).toISOString().slice(0, 10);
}
