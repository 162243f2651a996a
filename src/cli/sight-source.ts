/** Where the commands of sight get their facts: the same flags for each. */
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { buildGraph } from "../sight/graph/build-graph.ts";
import type { SecurityGraph } from "../sight/graph/security-graph.ts";
import type { FactSet } from "../sight/facts/fact-set.ts";
import { readFiles, readText } from "../sight/sources/file-source.ts";
import { clusterFlags, explainClusterFailure, namesCluster, openCluster } from "./cluster-flags.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { ProgressBar } from "./progress-bar.ts";

const dumpFlag = valueFlag(
  "dump",
  "PATH",
  "A file, or a folder of files, of kubectl get -o yaml or -o json; - is standard input.",
);
const gitFlag = valueFlag("git", "PATH", "A tree of manifests; - is standard input, for rendered templates.");

/** `-o`, the same for each command of sight. */
export const outputFlag: Flag = { ...valueFlag("output", "FORM", "table (default) or json."), short: "o" };

export const sourceFlags: readonly Flag[] = [...clusterFlags, dumpFlag, gitFlag];
export const sourceUsage =
  "(--kubeconfig FILE [--context NAME]... | --server [--data-dir DIR] | --dump PATH | --git PATH) [--level LEVEL]";

/** What holds for each of them; shown in help. */
export const sourceNotes: readonly string[] = [
  "What the source does not have or refuses is unknown, never taken for absent, and the answer says so, with the right that " +
    "is missing. strongroom sight role prints roles for each level.",
  "A dump is made by strongroom sight collect, or with: kubectl get -A -o json roles,clusterroles,rolebindings," +
    "clusterrolebindings,serviceaccounts,pods,deployments,statefulsets,daemonsets,replicasets,replicationcontrollers,jobs," +
    "cronjobs,nodes,namespaces > cluster.json. It needs no secrets; with them, their values are dropped as they are read.",
];

export type OutputForm = "table" | "json";

/** Raises a usage error for any other word. */
export function outputForm({ flags }: Invocation): OutputForm {
  const form = flags.one(outputFlag) ?? "table";
  if (form !== "table" && form !== "json") throw usageError("--output must be table or json");
  return form;
}

/** The facts of the source that the flags name. Raises a usage error unless they name one. */
export async function readSource(invocation: Invocation): Promise<FactSet> {
  const { flags, environment } = invocation;
  const [dump, git] = [flags.one(dumpFlag), flags.one(gitFlag)];
  const path = dump ?? git;
  const named = [dump, git].filter((each) => each !== undefined).length + (namesCluster(flags) ? 1 : 0);
  if (named !== 1) {
    throw usageError(
      named === 0 ? "the source must be named" : "one source must be named, not several",
      "It is one of --kubeconfig FILE, --server, --dump PATH and --git PATH.",
    );
  }
  if (path === undefined) return await readRunning(invocation);
  const type = dump === undefined ? "manifests" : "dump";
  if (path === "-") return readText(type, "-", await text(process.stdin));
  return await readFiles(type, resolve(environment.workingDirectory, path), path);
}

async function readRunning(invocation: Invocation): Promise<FactSet> {
  using bar = new ProgressBar(process.stderr);
  try {
    using source = await openCluster(invocation, bar);
    return await source.read(new AbortController().signal);
  } catch (error) {
    throw explainClusterFailure(error);
  }
}

/** The graph of that source. */
export async function readGraph(invocation: Invocation): Promise<SecurityGraph> {
  return buildGraph(await readSource(invocation));
}

/** `NAMESPACE/NAME` of a secret. Raises a usage error for anything else. */
export function secretOperand(written: string | undefined): { readonly namespace: string; readonly name: string } {
  const [namespace = "", name = "", ...rest] = (written ?? "").split("/");
  if (namespace === "" || name === "" || rest.length > 0) {
    throw usageError("the secret must be named as NAMESPACE/NAME");
  }
  return { namespace, name };
}
