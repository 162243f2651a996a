import { stringify } from "yaml";

import { replacePrivateFile } from "../../crypto/private-file.ts";
import { Redacted } from "../../crypto/redacted.ts";
import type { KeyPair } from "./key-pair.ts";

export interface KubeconfigContent {
  /** E.g. `https://127.0.0.1:8443`. */
  readonly serverUrl: string;
  /** The authority that signs the server's certificate, PEM. */
  readonly caPem: string;
  /** The user's certificate and key. */
  readonly client: KeyPair;
  /** Names the context and the cluster. */
  readonly contextName: string;
  /** Names the user's entry; the server does not see it. */
  readonly userName: string;
}

/**
 * The text of a kubeconfig (v1 Config) with one cluster, user and context, certificates and key inside. It holds
 * the user's private key: whoever reads it is that user until the certificate expires.
 */
export function renderKubeconfig(content: KubeconfigContent): Redacted<string> {
  const { serverUrl, caPem, client, contextName, userName } = content;
  const cluster = { "certificate-authority-data": base64(caPem), server: serverUrl };
  const user = {
    "client-certificate-data": base64(client.certPem),
    "client-key-data": base64(client.keyPem.reveal()),
  };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: contextName, cluster }],
    users: [{ name: userName, user }],
    contexts: [{ name: contextName, context: { cluster: contextName, user: userName } }],
    "current-context": contextName,
  };
  // Quoted, all of it: what a plain `yes`, `0o17` or `12:30` means depends on the version of YAML that a client reads.
  return new Redacted(stringify(config, { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" }));
}

/** Writes a kubeconfig with mode 0600, atomically, in place of what is there. Raises `unavailable`. */
export async function writeKubeconfig(path: string, kubeconfig: Redacted<string>): Promise<void> {
  await replacePrivateFile(path, kubeconfig.reveal());
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
