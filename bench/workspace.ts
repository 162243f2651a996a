/** The temporary folder of one benchmark: data directory, root key and the client's certificate. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultAuthentication } from "../src/doors/kubernetes/authentication/authentication-config.ts";
import { defaultVersionLimits } from "../src/core/secrets/version-retention.ts";
import type { ServerConfig } from "../src/server/server-config.ts";
import { credentialsOf } from "../test/running-server.ts";
import type { ClientCredentials } from "../test/running-server.ts";

export interface Workspace extends AsyncDisposable {
  readonly directory: string;
  readonly config: ServerConfig;
}

/** Makes a new one; disposing removes it with everything in it. */
export async function createWorkspace(): Promise<Workspace> {
  const directory = await mkdtemp(join(tmpdir(), "strongroom-bench-"));
  return {
    directory,
    config: configIn(directory),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The client's certificate and key as files, for generators that want files. Call it after the server's start. */
export async function credentialFiles(workspace: Workspace) {
  const credentials = await adminCredentials(workspace);
  const [cert, key] = [join(workspace.directory, "client.crt"), join(workspace.directory, "client.key")];
  await writeFile(cert, credentials.cert ?? "", { mode: 0o600 });
  await writeFile(key, credentials.key ?? "", { mode: 0o600 });
  return { cert, key };
}

export function adminCredentials(workspace: Workspace): Promise<ClientCredentials> {
  return credentialsOf(workspace.config.adminKubeconfig ?? "");
}

/** What `strongroom serve` does without options, on a free port. */
function configIn(directory: string): ServerConfig {
  return {
    dataDir: join(directory, "data"),
    host: "127.0.0.1",
    port: 0,
    extraSans: [],
    logFormat: "json",
    rootKey: { type: "file", path: join(directory, "root.key") },
    history: { retainMs: 24 * 60 * 60 * 1000, retainBytes: 1024 ** 3 },
    versions: { ...defaultVersionLimits, trashRetentionMs: 30 * 24 * 60 * 60 * 1000 },
    limits: {},
    valuesInAnswersToWrites: "readers",
    authentication: defaultAuthentication,
    audit: { reserveBytes: 64 * 1024 * 1024, reads: "synced" },
    adminKubeconfig: join(directory, "data", "admin.kubeconfig"),
  };
}
