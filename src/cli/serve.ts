import { existsSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

import type { RunningServer } from "../server/server.ts";
import type { ServerConfig } from "../server/server-config.ts";
import { auditFlags } from "./audit-flags.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import {
  abandonKeysFlag,
  adminKubeconfigFlag,
  anonymousPathFlag,
  authenticationConfigFlag,
  configFlag,
  dataDirFlag,
  encryptionConfigFlag,
  issuerFlag,
  listenFlag,
  logFormatFlag,
  passphraseFileFlag,
  readServerConfig,
  rootKeyFileFlag,
  sanFlag,
  tokenAuthFileFlag,
} from "./config.ts";
import { valueFlag } from "./flags.ts";
import { kubectlSession } from "./kubectl-session.ts";
import { rootKeyKmsFlag } from "./root-key-choice.ts";
import { serveUntilStopped } from "./serve-until-stopped.ts";
import { listenForStop } from "./stop-request.ts";

const tryFlag = valueFlag("try", "DIR", "Show kubectl commands to try with the manifests in DIR/secrets.");

/** `strongroom serve`: runs a server until it is told to stop. */
export const serveCommand: Command = {
  usage:
    "[--data-dir DIR] [--listen HOST:PORT] [--san NAME]... [--config FILE] [--log-format text|json] " +
    "[--root-key-file FILE] [--passphrase-file FILE] [--root-key-kms ENDPOINT] [--encryption-provider-config FILE] " +
    "[--abandon-encryption-keys] [--admin-kubeconfig FILE|none] " +
    "[--service-account-issuer URL]... [--authentication-config FILE] [--token-auth-file FILE] [--anonymous-path PATH]... " +
    "[--audit-policy-file FILE] [--audit-log-path FILE|-] [--audit-webhook-config-file FILE] [--audit-...] [--try DIR]",
  examples: [
    { line: "strongroom serve", effect: "serve on https://127.0.0.1:8443, with the data in your data home" },
    {
      line: "strongroom serve --listen 0.0.0.0:8443 --san secrets.example.com",
      effect: "serve other machines, under a name of your own",
    },
    { line: "strongroom serve --data-dir ./data --listen 127.0.0.1:0", effect: "any free port, for a test" },
  ],
  flags: [
    dataDirFlag,
    listenFlag,
    sanFlag,
    configFlag,
    logFormatFlag,
    rootKeyFileFlag,
    passphraseFileFlag,
    rootKeyKmsFlag,
    encryptionConfigFlag,
    abandonKeysFlag,
    adminKubeconfigFlag,
    issuerFlag,
    tokenAuthFileFlag,
    anonymousPathFlag,
    authenticationConfigFlag,
    ...auditFlags,
    tryFlag,
  ],
  notes: [
    "Standard output gets one line per fact and, once requests are answered, `ready https://HOST:PORT`. " +
      "Standard error gets the log.",
    "SIGTERM and Ctrl-C stop it within 10 seconds: open requests finish, watches end. A second one stops it at once, " +
      "and nothing that was acknowledged is lost. SIGHUP is ignored.",
    "Exit codes: 0 stopped as asked, 1 failure, 2 usage, 3 sealed (the root key is missing or wrong), " +
      "4 in use or unavailable (the data directory, the address).",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { flags, environment, output } = invocation;
    const config = await readServerConfig(flags, environment);
    const manifests = manifestsToTry(invocation);
    if (isKeyBesideData(config)) output.tell(keyBesideData);
    using stop = listenForStop();
    const { startServer } = await import("../server/server.ts"); // not for `help serve`, which is thereby quick
    await using server = await startServer(config, (line) => output.print(line));
    output.print(`ready ${server.url}`);
    if (manifests !== undefined) output.print(invitation(server, manifests, environment.shellDirectory));
    return await serveUntilStopped(server, stop.signal);
  },
};

/** Checked before the server starts, so that a mistyped folder costs nothing. */
function manifestsToTry({ flags, environment }: Invocation): string | undefined {
  const folder = flags.one(tryFlag);
  if (folder === undefined) return undefined;
  const manifests = join(resolve(environment.workingDirectory, folder), "secrets");
  if (!existsSync(manifests))
    throw usageError(`--try must name a folder that holds secrets/; ${manifests} does not exist`);
  return manifests;
}

const keyBesideData =
  "Warning: the root key file is inside the data directory, so that a copy of the directory can be read. " +
  "Choose another place with --root-key-file.";

function isKeyBesideData({ dataDir, rootKey }: ServerConfig): boolean {
  if (rootKey.type !== "file" || rootKey.path === undefined) return false;
  const way = relative(dataDir, rootKey.path);
  return way !== ".." && !way.startsWith(`..${sep}`);
}

function invitation(server: RunningServer, manifests: string, shellDirectory: string): string {
  const { adminKubeconfig: kubeconfig } = server;
  const lines = kubectlSession({ kubeconfig, manifests, shellDirectory, applied: false });
  return ["", "To try it, in another terminal:", "", ...lines.map((line) => `  ${line}`), "", "Ctrl-C stops it."].join(
    "\n",
  );
}
