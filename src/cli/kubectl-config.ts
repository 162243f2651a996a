/**
 * The cluster that kubectl would talk to. kubectl itself says which: it merges several files, and knows of defaults and
 * contexts. What it prints holds credentials, and is kept in memory only.
 */
import { execFile } from "node:child_process";
import type { ExecFileException } from "node:child_process";
import { join } from "node:path";
import { kubeconfigBytesMax, readKubeconfigText } from "../sight/sources/cluster/kubeconfig.ts";
import type { ClusterAccess } from "../sight/sources/cluster/kubeconfig.ts";
import { CommandFailure } from "./command-failure.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./exit-code.ts";

const timeoutMs = 30_000;

/** By the contexts, or the current one. Raises what kubectl says when it knows no such cluster. */
export async function kubectlAccess(environment: Environment, contexts: readonly string[]): Promise<ClusterAccess[]> {
  const text = await kubectlConfig(environment, contexts);
  return await readKubeconfigText(join(environment.workingDirectory, "the configuration of kubectl"), text, contexts);
}

/** Only what the context needs, with the content of the files that it refers to. */
function kubectlConfig({ variables, workingDirectory }: Environment, contexts: readonly string[]): Promise<string> {
  const args = ["config", "view", "--raw", "--minify", "--flatten", "--output=json"];
  const options = { env: variables ?? {}, cwd: workingDirectory, timeout: timeoutMs, maxBuffer: kubeconfigBytesMax };
  return new Promise((resolve, reject) => {
    execFile("kubectl", [...args, ...contexts.map((each) => `--context=${each}`)], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(explained(error, stderr));
    });
  });
}

/** The error itself repeats the output, which has credentials in it. */
function explained({ code }: ExecFileException, stderr: string): CommandFailure {
  if (code === "ENOENT") {
    const advice = "Or name a source: strongroom help who-can lists them.";
    return new CommandFailure("kubectl must be on the PATH", { exitCode: exitCodes.failure, advice });
  }
  const said = stderr.trim().replace(/^error: /, "") || "kubectl config view failed";
  const advice = "kubectl config get-contexts lists what there is.";
  return new CommandFailure(`kubectl has no cluster to ask: ${said}`, { exitCode: exitCodes.failure, advice });
}
