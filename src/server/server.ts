import type { ClientCertificateRequest, ServerConfig } from "./server-config.ts";

export interface RunningServer extends AsyncDisposable {
  /** e.g. `https://127.0.0.1:8443`. */
  readonly url: string;
  readonly adminKubeconfig: string | undefined;
  /** Resolves when the server has stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
  /** Stops within 10 s: no new connections, watches end, writes finish. Idempotent. */
  stop(): Promise<void>;
}

/** Facts that the server states while it starts, one line each, for the person who started it. */
export type Announce = (line: string) => void;

export declare function startServer(config: ServerConfig, announce: Announce): Promise<RunningServer>;

/**
 * A kubeconfig for a new client certificate, from the running server's control
 * socket or, when none runs, from the data directory itself (which it locks
 * meanwhile). Raises `sealed`, `unavailable`, `invalid`.
 */
export declare function issueKubeconfig(
  config: Pick<ServerConfig, "dataDir" | "rootKey" | "host" | "port">,
  request: ClientCertificateRequest,
): Promise<string>;
