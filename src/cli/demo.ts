import { existsSync, rmSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ApiClient } from "./api-client.ts";
import { applyManifests } from "./apply-manifests.ts";
import type { AppliedCounts } from "./apply-manifests.ts";
import { CommandFailure } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { listenFlag, logFormatFlag, readServerConfig } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { kubectlSession } from "./kubectl-session.ts";
import { packageExamples } from "./package-files.ts";
import { serveUntilStopped } from "./serve-until-stopped.ts";
import { listenForStop } from "./stop-request.ts";

const manifests = join(packageExamples, "secrets");

/** `strongroom demo`: a throw-away server with the examples in it. */
export const demoCommand: Command = {
  usage: "[--listen HOST:PORT] [--log-format text|json]",
  examples: [
    { line: "strongroom demo", effect: "a server with example secrets, on a free port, until Ctrl-C" },
    { line: "strongroom demo --listen 127.0.0.1:8443", effect: "on a port of your choice" },
  ],
  flags: [{ ...listenFlag, description: "The address to serve on. Default: a free port of 127.0.0.1." }, logFormatFlag],
  notes: [
    "The data and the root key are in a temporary folder, which is removed at the end. Put no secret of yours in it.",
    "The examples are created through the API that kubectl uses; kubectl is needed only to look at them.",
  ],
  operandsMax: 0,
  async run(invocation) {
    if (!existsSync(manifests)) {
      throw new CommandFailure(`the examples must be in ${manifests}`, {
        exitCode: exitCodes.failure,
        advice: "They come with the package and with a checkout: install it anew.",
      });
    }
    const folder = await mkdtemp(join(tmpdir(), "strongroom-demo-"));
    const remove = () => rmSync(folder, { recursive: true, force: true });
    using stop = listenForStop(remove);
    try {
      return await runDemo(invocation, folder, stop.signal);
    } finally {
      remove();
    }
  },
};

async function runDemo(
  { flags, environment, output }: Invocation,
  folder: string,
  stop: AbortSignal,
): Promise<ExitCode> {
  const configured = await readServerConfig(flags, environment);
  const kubeconfig = join(folder, "admin.kubeconfig");
  const config = {
    ...configured,
    dataDir: join(folder, "data"),
    rootKey: { type: "file", path: join(folder, "keys", "root.key") },
    adminKubeconfig: kubeconfig,
    ...(flags.has(listenFlag) ? {} : { host: "127.0.0.1", port: 0 }),
  } as const;
  const { startServer } = await import("../server/server.ts"); // not for `help demo`, which is thereby quick
  // What the server says of keeping its key and renewing its kubeconfig is no advice for a throw-away.
  await using server = await startServer(config, () => {});
  using client = new ApiClient(await readFile(kubeconfig, "utf8"));
  const { applied, skipped } = await applyManifests(client, manifests);
  output.print(`examples ${countsText(applied)}${skipped === 0 ? "" : `, ${skipped} of other kinds left out`}`);
  output.print(`ready ${server.url}`);
  const { shellDirectory } = environment;
  const lines = kubectlSession({ kubeconfig, manifests, shellDirectory, applied: true });
  output.print(["", "In another terminal:", "", ...lines.map((line) => `  ${line}`), "", "Ctrl-C ends it."].join("\n"));
  return await serveUntilStopped(server, stop);
}

function countsText(counts: AppliedCounts): string {
  return Array.from(counts, ([kind, count]) => `${count} ${kind}${count === 1 ? "" : "s"}`).join(", ") || "none";
}
