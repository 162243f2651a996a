/** Kubeconfigs for whoever may open a data directory, whether a server runs on it or not. */
import { openInstanceAudit } from "./audit-log.ts";
import { Certificates } from "./certificates.ts";
import type { ClientCertificateRequest } from "./client-certificate-request.ts";
import { askControlSocket } from "./control-socket.ts";
import { openDataStore } from "./data-store.ts";
import { openExistingInstance } from "./instance.ts";
import { kubeconfigIssuance } from "./kubeconfig-issuance.ts";
import type { RootKeyConfig } from "./root-key-config.ts";
import { pkiStorage } from "./stored-pki.ts";

/**
 * A kubeconfig for a new client certificate, from the running server's control
 * socket or, when none runs, from the data directory itself (which it locks
 * meanwhile). Raises `sealed`, `unavailable`, `invalid`.
 */
export async function issueKubeconfig(
  config: {
    readonly dataDir: string;
    readonly rootKey: RootKeyConfig;
    readonly host: string;
    readonly port: number;
  },
  request: ClientCertificateRequest,
): Promise<string> {
  const answered = await askControlSocket(config.dataDir, request);
  if (answered !== undefined) return answered;
  const instance = await openExistingInstance(config.dataDir, config.rootKey);
  const report = (error: unknown) => process.emitWarning(error instanceof Error ? error : String(error));
  await using data = await openDataStore(config.dataDir, instance.rootKey, undefined, report);
  const certificates = await Certificates.open(pkiStorage(data.store), []);
  const place = { dataDir: config.dataDir, instance, store: data.store };
  const audit = await openInstanceAudit(place, {}, ({ message }) => process.emitWarning(message));
  try {
    const url = `https://${config.host}:${config.port}`;
    return await kubeconfigIssuance(certificates, { url, audit, door: "data-directory" })(request);
  } finally {
    await audit.close();
  }
}
