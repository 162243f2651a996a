/** How secrets come, stay and go: ages, expiry, use, copies. What needs a clock is left out without one. */
import type { FactSet, SourceType } from "../facts/fact-set.ts";
import { sourceFlag } from "./source-flag.ts";
import type { SecretFact, WorkloadFact } from "../facts/facts.ts";
import { referrerKinds } from "../facts/referrer-facts.ts";
import { fieldText } from "../examination/observation.ts";
import type { SecretName, SecurityGraph } from "../graph/security-graph.ts";
import { objectText } from "../questions/principal.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { kubectlGet, mergePatch } from "./kubectl-command.ts";
import { madeTypes, oldSecrets, secretsShown } from "./old-secrets.ts";
import { baseScore } from "./score.ts";

const dayMilliseconds = 24 * 3600 * 1000;
const soonDays = 30;

/** What logs show of secrets. */
export interface UseInFact {
  /** Whether somebody asked for it by name and was given it. */
  isRead(secret: SecretName): boolean;
}

/** All of them. `now` is in milliseconds since 1970. */
export function secretLifecycle(graph: SecurityGraph, now: number | undefined, use?: UseInFact): Finding[] {
  const { facts } = graph;
  const secrets = facts.of("Secret");
  return [
    ...secrets.flatMap((secret) => [...inClear(facts, secret), ...expiry(secret, now), ...orphan(facts, secret)]),
    ...oldSecrets(secrets, now),
    ...unused(graph, use),
    ...copies(facts.source, secrets),
    ...pendingRestarts(graph),
    ...mutable(secrets),
    ...wrongHosts(facts),
  ];
}

/** Values in a tree of manifests. */
function inClear(facts: FactSet, secret: SecretFact): Finding[] {
  const keys = secret.examined?.plainKeys ?? [];
  if (facts.source !== "manifests" || keys.length === 0) return [];
  const shown = objectText(secret);
  return [
    makeFinding({
      check: "SR-LEAK-011",
      object: secret,
      message: `${shown} is declared with ${keys.length === 1 ? "its value" : `${keys.length} values`} in the clear`,
      evidence: keys.map((key) =>
        evidenceOf(secret, `data[${JSON.stringify(key)}]`, "a value that is neither encrypted nor a template"),
      ),
      verify: { command: "git log -p -- FILE", expect: "no commit with the values, after they were changed" },
    }),
  ];
}

function expiry(secret: SecretFact, now: number | undefined): Finding[] {
  const note = secret.examined?.certificate;
  if (note === undefined || now === undefined || Number.isNaN(note.notAfter)) return [];
  const days = Math.floor((note.notAfter - now) / dayMilliseconds);
  if (days >= soonDays) return [];
  const shown = objectText(secret);
  const when = new Date(note.notAfter).toISOString().slice(0, 10);
  const isOver = note.notAfter <= now;
  return [
    makeFinding({
      check: isOver ? "SR-CONT-001" : "SR-CONT-002",
      object: secret,
      message: isOver
        ? `The certificate in ${shown} expired on ${when}`
        : `The certificate in ${shown} expires on ${when}, in ${days} days`,
      evidence: [evidenceOf(secret, fieldText(note.path), `not after ${when}`)],
      verify: {
        command: `${kubectlGet(secret, "-o jsonpath='{.data.tls\\.crt}'")} | base64 -d | openssl x509 -noout -enddate`,
        expect: "a later date",
      },
    }),
  ];
}

/** Of what is for workloads, with all that may use it in the source. Those of one namespace together: there may be thousands. */
function unused(graph: SecurityGraph, use: UseInFact | undefined): Finding[] {
  const named = namedInRoles(graph.facts);
  const referred = referredByOperators(graph.facts);
  const found = graph.facts
    .of("Secret")
    .filter((secret) => isUnused(graph, secret, named) && !referred.has(`${secret.namespace}\n${secret.name}`))
    .filter((secret) => use?.isRead(secret) !== true);
  const reason = `no workload refers to it, ${use === undefined ? "and no role names it" : "no role names it, and no request in the logs read it by its name"}`;
  return Array.from(Map.groupBy(found, ({ namespace }) => namespace).values(), (secrets) => {
    const sorted = secrets.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const [first] = sorted;
    if (first === undefined) throw new TypeError("a group must have a secret");
    const shown = sorted.slice(0, 5).map(({ name }) => name);
    const more = sorted.length > shown.length ? ` and ${sorted.length - shown.length} more` : "";
    const what = sorted.length === 1 ? objectText(first) : `${sorted.length} secrets of ${first.namespace}`;
    return makeFinding({
      check: "SR-LIFE-002",
      object: first,
      subject: `unused secrets of ${first.namespace}`,
      message: `Nothing that is known uses ${what}${sorted.length === 1 ? "" : `: ${shown.join(", ")}${more}`}`,
      evidence: sorted.slice(0, secretsShown).map((secret) => evidenceOf(secret, "", reason)),
      verify: { command: kubectlGet(first), expect: "NotFound" },
      unknown: ["whether a custom resource or a program refers to it by name"],
    });
  });
}

function isUnused(graph: SecurityGraph, secret: SecretFact, named: ReadonlySet<string>): boolean {
  const { facts } = graph;
  const { namespace, name, type } = secret;
  const isKnown = facts.source !== "manifests" && facts.knows("Pod", namespace) && facts.knows("Deployment", namespace);
  if (!isKnown || type !== "Opaque" || secret.seen === "name" || namespace === "kube-system") return false;
  return secret.opensSealed !== true && !named.has(name) && graph.usersOf(secret).length === 0;
}

/** What stores, issuers, gateways and the like name: their controllers read it. */
function referredByOperators(facts: FactSet): Set<string> {
  const found = referrerKinds.flatMap((kind) => facts.of(kind)).flatMap(({ secrets }) => secrets);
  return new Set(found.map(({ namespace, name }) => `${namespace}\n${name}`));
}

/** Names of secrets that somebody was given a right to by name: what is read by programs, not mounted. */
function namedInRoles(facts: FactSet): Set<string> {
  const roles = [...facts.of("Role"), ...facts.of("ClusterRole")];
  return new Set(
    roles.flatMap(({ rules }) =>
      rules.flatMap(({ rule }) => (rule.resources.includes("secrets") ? rule.resourceNames : [])),
    ),
  );
}

function orphan(facts: FactSet, secret: SecretFact): Finding[] {
  const { tokenOf, namespace } = secret;
  if (tokenOf === "" || facts.source === "manifests" || !facts.knows("ServiceAccount", namespace)) return [];
  if (facts.named("ServiceAccount", namespace, tokenOf).length > 0) return [];
  const account = objectText({ kind: "ServiceAccount", namespace, name: tokenOf });
  return [
    makeFinding({
      check: "SR-LIFE-003",
      object: secret,
      message: `${objectText(secret)} is a token of ${account}, which is not there`,
      evidence: [
        evidenceOf(secret, 'metadata.annotations["kubernetes.io/service-account.name"]', `it names ${account}`),
      ],
      verify: { command: kubectlGet(secret), expect: "NotFound" },
    }),
  ];
}

const publicKey =
  /^(?:ca\.crt|namespace|.*\.pub|root-cert\.pem|ca-bundle.*|username|user|host|hostname|port|database|dbname|url|endpoint)$/i;
const copiedBytesMin = 8;

/** Values that are in secrets of several namespaces, one finding for the same group of secrets. */
function copies(source: SourceType, secrets: readonly SecretFact[]): Finding[] {
  const holders = new Map<string, { readonly secret: SecretFact; readonly key: string }[]>();
  for (const secret of secrets) {
    if (madeTypes.has(secret.type)) continue;
    for (const [index, { fingerprint, sizeBytes }] of (secret.values ?? []).entries()) {
      const key = secret.keys[index] ?? "";
      if (fingerprint === "" || sizeBytes < copiedBytesMin || publicKey.test(key)) continue;
      const known = holders.get(fingerprint);
      if (known === undefined) holders.set(fingerprint, [{ secret, key }]);
      else known.push({ secret, key });
    }
  }
  const found = new Map<string, Finding>();
  for (const held of holders.values()) {
    if (new Set(held.map(({ secret }) => secret.namespace)).size < 2) continue;
    const sorted = held.toSorted((a, b) => (objectText(a.secret) < objectText(b.secret) ? -1 : 1));
    const group = sorted.map(({ secret }) => objectText(secret)).join(", ");
    const [first] = sorted;
    if (first === undefined || found.has(group)) continue;
    const score = baseScore(4.5, {
      name: "places",
      value: 1 + 0.1 * Math.log10(held.length),
      because: `${held.length} places`,
    });
    const finding = makeFinding({
      check: "SR-LIFE-004",
      object: first.secret,
      score,
      message: `${held.length} secrets of several namespaces hold the same value: ${sorted
        .slice(0, 5)
        .map(({ secret }) => objectText(secret))
        .join(", ")}${held.length > 5 ? " and more" : ""}`,
      evidence: sorted
        .slice(0, secretsShown)
        .map(({ secret, key }) =>
          evidenceOf(secret, `data[${JSON.stringify(key)}]`, "the same value, by its keyed fingerprint"),
        ),
      verify: { command: `strongroom scan${sourceFlag(source)}`, expect: "no finding SR-LIFE-004 of these secrets" },
    });
    found.set(group, finding);
  }
  return [...found.values()];
}

/** Pods that read a secret into their environment before it was changed. */
function pendingRestarts(graph: SecurityGraph): Finding[] {
  return graph.facts.of("Secret").flatMap((secret) => {
    const changed = Date.parse(secret.examined?.changedAt ?? "");
    if (Number.isNaN(changed)) return [];
    const stale = graph.usersOf(secret).filter((workload) => readsBefore(workload, secret.name, changed));
    const [first] = stale;
    if (first === undefined) return [];
    const more = stale.length > 1 ? ` and ${stale.length - 1} more pods` : "";
    const day = new Date(changed).toISOString();
    return [
      makeFinding({
        check: "SR-LIFE-005",
        object: secret,
        message: `${objectText(first)}${more} runs with ${objectText(secret)} as it was before ${day}`,
        evidence: [
          evidenceOf(secret, "metadata.managedFields[].time", `changed ${day}`),
          ...stale
            .slice(0, secretsShown)
            .map((pod) =>
              evidenceOf(
                pod,
                "status.startTime",
                `began ${pod.examined?.startedAt ?? ""}, and has it in its environment`,
              ),
            ),
        ],
        verify: {
          command: kubectlGet(first, "-o jsonpath='{.status.startTime}'"),
          expect: "NotFound, or a later time",
        },
      }),
    ];
  });
}

function readsBefore({ kind, references, examined }: WorkloadFact, name: string, changed: number): boolean {
  const began = Date.parse(kind === "Pod" ? (examined?.startedAt ?? "") : "");
  const isRead = references.some(
    (each) => each.kind === "secret" && each.name === name && each.way.startsWith("environment"),
  );
  return isRead && began < changed;
}

const manySecrets = 1000;

function mutable(secrets: readonly SecretFact[]): Finding[] {
  const seen = secrets.filter(({ seen: level, type }) => level === undefined && !madeTypes.has(type));
  const [first] = seen;
  if (first === undefined || seen.length < manySecrets || seen.some(({ examined }) => examined?.immutable === true))
    return [];
  return [
    makeFinding({
      check: "SR-LIFE-006",
      object: first,
      subject: "every Secret",
      message: `None of ${seen.length} secrets is immutable`,
      evidence: [evidenceOf(first, "immutable", "not set, as in all others")],
      patch: mergePatch(first, { immutable: true }),
      verify: {
        command: "kubectl get secrets -A -o jsonpath='{.items[?(@.immutable)].metadata.name}'",
        expect: "names",
      },
    }),
  ];
}

/** Certificates that are not for the host that an Ingress presents them for. */
function wrongHosts(facts: FactSet): Finding[] {
  return facts.of("Ingress").flatMap((ingress) =>
    (ingress.examined?.tls ?? []).flatMap(({ hosts, secretName }) => {
      const found = facts.named("Secret", ingress.namespace, secretName);
      const notes = found.flatMap((fact) => (fact.kind === "Secret" ? (fact.examined?.certificate ?? []) : []));
      const [secret] = found;
      if (secret === undefined || notes.length === 0) return [];
      return hosts
        .filter((host) => !notes.some((note) => note.hosts.some((name) => isForHost(name, host))))
        .map((host) =>
          makeFinding({
            check: "SR-CONT-007",
            object: secret,
            about: [objectText(ingress), host],
            message: `The certificate in ${objectText(secret)} is not for ${host}, for which ${objectText(ingress)} presents it`,
            evidence: [
              evidenceOf(ingress, "spec.tls[].hosts", `host ${host} with Secret ${secretName}`),
              evidenceOf(secret, fieldText(notes[0]?.path ?? []), `for ${notes[0]?.hosts.join(", ") || "no host"}`),
            ],
            verify: {
              command: kubectlGet(ingress, "-o jsonpath='{.spec.tls}'"),
              expect: "a secret whose certificate has the host",
            },
          }),
        );
    }),
  );
}

/** Source: RFC 6125, section 6.4.3: a star stands for one label, the first. */
function isForHost(name: string, host: string): boolean {
  const [pattern, asked] = [name.toLowerCase(), host.toLowerCase()];
  if (!pattern.startsWith("*.")) return pattern === asked;
  const dot = asked.indexOf(".");
  return asked.startsWith("*.") ? asked === pattern : dot > 0 && asked.slice(dot) === pattern.slice(1);
}
