/** Where the commands of sight get their facts: the same flags for each. */
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { buildGraph } from "../sight/graph/build-graph.ts";
import type { SecurityGraph } from "../sight/graph/security-graph.ts";
import type { FactSet } from "../sight/facts/fact-set.ts";
import { readFiles, readText } from "../sight/sources/file-source.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";

const dumpFlag = valueFlag(
  "dump",
  "PATH",
  "A file, or a folder of files, of kubectl get -o yaml or -o json; - is standard input.",
);
const gitFlag = valueFlag("git", "PATH", "A tree of manifests; - is standard input, for rendered templates.");

/** `-o`, the same for each command of sight. */
export const outputFlag: Flag = { ...valueFlag("output", "FORM", "table (default) or json."), short: "o" };

export const sourceFlags: readonly Flag[] = [dumpFlag, gitFlag];
export const sourceUsage = "(--dump PATH | --git PATH)";

/** How a dump is made that has all that is looked at; shown in help. */
export const sourceNotes: readonly string[] = [
  "A dump is made with: kubectl get -A -o json roles,clusterroles,rolebindings,clusterrolebindings,serviceaccounts," +
    "pods,deployments,statefulsets,daemonsets,replicasets,replicationcontrollers,jobs,cronjobs,nodes,namespaces " +
    "> cluster.json. It needs no secrets; with them, their values are dropped as they are read.",
  "What the source does not have is unknown, never taken for absent, and the answer says so.",
];

export type OutputForm = "table" | "json";

/** Raises a usage error for any other word. */
export function outputForm({ flags }: Invocation): OutputForm {
  const form = flags.one(outputFlag) ?? "table";
  if (form !== "table" && form !== "json") throw usageError("--output must be table or json");
  return form;
}

/** The facts of the source that the flags name. Raises a usage error unless they name one. */
export async function readSource({ flags, environment }: Invocation): Promise<FactSet> {
  const [dump, git] = [flags.one(dumpFlag), flags.one(gitFlag)];
  const path = dump ?? git;
  if (path === undefined || (dump !== undefined && git !== undefined)) {
    throw usageError("the source must be named, by --dump PATH or by --git PATH");
  }
  const type = dump === undefined ? "manifests" : "dump";
  if (path === "-") return readText(type, "-", await text(process.stdin));
  return await readFiles(type, resolve(environment.workingDirectory, path), path);
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
