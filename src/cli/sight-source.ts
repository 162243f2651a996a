/** Where the commands of sight get their facts: the same flags for each. */
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { buildGraph } from "../sight/graph/build-graph.ts";
import type { SecretName, SecurityGraph } from "../sight/graph/security-graph.ts";
import { placeText } from "../sight/facts/provenance.ts";
import type { FactSet } from "../sight/facts/fact-set.ts";
import type { Collection } from "../sight/sources/collection.ts";
import { verifySample } from "../sight/sources/cluster/verify-sample.ts";
import { manifestText } from "../sight/sources/manifest-text.ts";
import { readFiles, readText } from "../sight/sources/file-source.ts";
import type { FileObserver } from "../sight/sources/file-source.ts";
import { clusterFlags, namesCluster, verifyCount } from "./cluster-flags.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { printable } from "./printable.ts";
import { ProgressBar } from "./progress-bar.ts";
import { clusterAccess, withCluster } from "./with-cluster.ts";

const dumpFlag = valueFlag(
  "dump",
  "PATH",
  "A file, a folder or an archive (.tar.gz, .tar, .zip) of kubectl get -o yaml or -o json; - is standard input.",
);
const gitFlag = valueFlag("git", "PATH", "A tree of manifests; - is standard input, for rendered templates.");

/** `-o`, the same for each command of sight. */
export const outputFlag: Flag = { ...valueFlag("output", "FORM", "table (default) or json."), short: "o" };

export const sourceFlags: readonly Flag[] = [...clusterFlags, dumpFlag, gitFlag];
export const sourceUsage =
  "[--kubeconfig FILE [--context NAME]... | --server [--data-dir DIR] | --dump PATH | --git PATH] [--level LEVEL]";

/** What holds for each of them; shown in help. */
export const sourceNotes: readonly string[] = [
  "Without a source it is this host's Strongroom server, if there is one, else the cluster of kubectl ($KUBECONFIG, or " +
    "~/.kube/config; --context chooses in it). As kubectl strongroom, it is always that of kubectl.",
  "What the source does not have or refuses is unknown, never taken for absent, and the answer says so, with the right that " +
    "is missing. strongroom sight role prints roles for each level.",
  "A dump is made by strongroom sight collect, or with: kubectl get -A -o json roles,clusterroles,rolebindings," +
    "clusterrolebindings,serviceaccounts,pods,deployments,statefulsets,daemonsets,replicasets,replicationcontrollers,jobs," +
    "cronjobs,nodes,namespaces > cluster.json. It needs no secrets; with them, their values are dropped as they are read. " +
    "With configmaps, services, ingresses, networkpolicies and the other kinds of strongroom sight role it says more.",
];

export type OutputForm = "table" | "json";

/** Raises a usage error for any other word. */
export function outputForm({ flags }: Invocation): OutputForm {
  const form = flags.one(outputFlag) ?? "table";
  if (form !== "table" && form !== "json") throw usageError("--output must be table or json");
  return form;
}

/** The facts of the source that the flags name; without one, of the cluster of `chooseCluster`. Raises a usage error for several. */
export async function readSource(invocation: Invocation): Promise<FactSet> {
  return sourceOf(invocation).type === "cluster" ? (await readGraph(invocation)).facts : await readFacts(invocation);
}

/** The facts of that source, and its objects into a collection. Raises as {@link readSource}. */
export async function collectSource(invocation: Invocation, into: Collection): Promise<FactSet> {
  if (sourceOf(invocation).type !== "cluster")
    return await readFacts(invocation, { onObject: (decoded) => into.add(decoded) });
  return await withCluster(invocation, (source) => source.collect(into, new AbortController().signal));
}

/**
 * The graph of that source. Of a running cluster, a sample of what the graph says is verified; it begins with what is asked
 * `about`. Raises as {@link readSource}.
 */
export async function readGraph(invocation: Invocation, about: readonly SecretName[] = []): Promise<SecurityGraph> {
  if (sourceOf(invocation).type !== "cluster") return await graphOfFiles(invocation);
  const count = verifyCount(invocation.flags);
  const { signal } = new AbortController();
  return await withCluster(invocation, async (source) => {
    const graph = buildGraph(seenSomething(source.id, await source.read(signal)));
    if (count > 0) graph.facts.verified = await verifySample(graph, source.connection, { count, about }, signal);
    return graph;
  });
}

/** Of a cluster that shows nothing there is no answer, and least of all a report without findings. */
function seenSomething(id: string, facts: FactSet): FactSet {
  const { objects, gaps } = facts.coverage;
  const refused = gaps.find(({ reason }) => reason === "forbidden");
  if (refused === undefined || Object.values(objects).some((count) => count > 0)) return facts;
  throw new StrongroomError(
    "denied",
    `nothing of the cluster ${id} could be read: it refuses every kind of object (${refused.message})`,
  );
}

type Source = { readonly type: "cluster" } | { readonly type: "dump" | "manifests"; readonly path: string };

function sourceOf({ flags }: Invocation): Source {
  const [dump, git] = [flags.one(dumpFlag), flags.one(gitFlag)];
  const named: Source[] = [
    ...(namesCluster(flags) ? [{ type: "cluster" } as const] : []),
    ...(dump === undefined ? [] : [{ type: "dump", path: dump } as const]),
    ...(git === undefined ? [] : [{ type: "manifests", path: git } as const]),
  ];
  const [source, other] = named;
  if (other === undefined) return source ?? { type: "cluster" };
  throw usageError(
    "one source must be named, not several",
    "It is one of --kubeconfig FILE, --server, --dump PATH and --git PATH.",
  );
}

/** With what is being done, on a terminal: a large dump takes its time. */
async function graphOfFiles(invocation: Invocation): Promise<SecurityGraph> {
  using bar = new ProgressBar(process.stderr);
  const onFile = (shown: string, before: number) =>
    bar.show(1, 3, printable(`reading ${shown}, after ${before} files`));
  const facts = await readFacts(invocation, { onFile });
  bar.show(2, 3, "building the graph");
  return buildGraph(facts);
}

async function readFacts(invocation: Invocation, observer: FileObserver = {}): Promise<FactSet> {
  const source = sourceOf(invocation);
  if (source.type === "cluster") throw new TypeError("a cluster is no file");
  const { type, path } = source;
  if (path === "-") return usable(path, readText(type, "-", manifestText(await buffer(process.stdin)), observer));
  return usable(path, await readFiles(type, resolve(invocation.environment.workingDirectory, path), path, observer));
}

/** Nothing found in what could not be read is not the same as nothing to be found. */
function usable(path: string, facts: FactSet): FactSet {
  const { objects, otherObjects, problems } = facts.coverage;
  const [first] = problems;
  const count = Object.values(objects).reduce((sum, each) => sum + each, otherObjects);
  if (first === undefined || count > 0) return facts;
  throw usageError(
    `${path === "-" ? "standard input" : path} must hold an object that can be used: ${placeText(first.at)}: ${first.message}`,
    "It is what kubectl get -o json or -o yaml prints, what strongroom sight collect makes, or manifests.",
  );
}

export const namespaceFlag: Flag = {
  ...valueFlag("namespace", "NAMESPACE", "The namespace of a secret that is named without one."),
  short: "n",
};

/**
 * `NAMESPACE/NAME` of a secret, or its name: the namespace is then that of the flag, or of the context. Raises a usage error
 * for anything else.
 */
export async function secretOperand(invocation: Invocation): Promise<SecretName> {
  const parts = (invocation.operands[0] ?? "").split("/");
  const [first = "", second = ""] = parts;
  if (first === "" || parts.length > 2 || (parts.length === 2 && second === "")) {
    throw usageError("the secret must be named as NAMESPACE/NAME");
  }
  if (parts.length === 1) return { namespace: await namespaceOf(invocation), name: first };
  if (invocation.flags.has(namespaceFlag)) throw usageError("the namespace must be given once: NAMESPACE/NAME, or -n");
  return { namespace: first, name: second };
}

async function namespaceOf(invocation: Invocation): Promise<string> {
  const written = invocation.flags.one(namespaceFlag);
  if (written !== undefined) return written;
  if (sourceOf(invocation).type !== "cluster") {
    throw usageError("the secret must be named as NAMESPACE/NAME", "Or name the namespace with -n NAMESPACE.");
  }
  return (await clusterAccess(invocation)).access.namespace || "default";
}
