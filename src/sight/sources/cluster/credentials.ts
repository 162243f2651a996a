/** What is shown to a cluster with each request, renewed when it must be. */
import { readFile } from "node:fs/promises";
import { runCredentialPlugin } from "./credential-plugin.ts";
import type { PluginCredential } from "./credential-plugin.ts";
import type { ClusterAccess, Impersonation } from "./kubeconfig.ts";

/** For one request. */
export interface Shown {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly certificate: { readonly cert: Buffer; readonly key: Buffer } | undefined;
}

/** A plugin's credential is renewed so long before it ends. */
const renewMsBefore = 10_000;

export class Credentials {
  readonly #access: ClusterAccess;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #plugged: Promise<PluginCredential> | undefined;
  #expiresAtMs = Infinity;

  constructor(access: ClusterAccess, env: Readonly<Record<string, string | undefined>>) {
    this.#access = access;
    this.#env = env;
  }

  /** Raises `unavailable` when a plugin gives nothing, and the system's error when a token file cannot be read. */
  async shown(signal: AbortSignal): Promise<Shown> {
    const { credential, impersonate } = this.#access;
    const { tokenFile, password } = credential;
    const plugged = await this.#pluginCredential(signal);
    const token =
      tokenFile === undefined ? (credential.token ?? plugged?.token) : (await readFile(tokenFile, "utf8")).trim();
    const basic = password && Buffer.from(`${password.user}:${password.password}`).toString("base64");
    return {
      headers: {
        ...(basic !== undefined && { Authorization: `Basic ${basic}` }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(impersonate !== undefined && impersonationHeaders(impersonate)),
      },
      certificate: credential.certificate ?? plugged?.certificate,
    };
  }

  /** The cluster refused them. Returns whether others may be had. */
  renew(): boolean {
    const { plugin, tokenFile } = this.#access.credential;
    this.#plugged = undefined;
    return plugin !== undefined || tokenFile !== undefined;
  }

  /** Run once for all who wait, and again when it failed. */
  async #pluginCredential(signal: AbortSignal): Promise<PluginCredential | undefined> {
    const { plugin } = this.#access.credential;
    if (plugin === undefined) return undefined;
    if (Date.now() > this.#expiresAtMs - renewMsBefore) this.#plugged = undefined;
    this.#plugged ??= this.#run(signal);
    return await this.#plugged;
  }

  async #run(signal: AbortSignal): Promise<PluginCredential> {
    const { plugin } = this.#access.credential;
    if (plugin === undefined) throw new TypeError("there must be a plugin");
    try {
      const given = await runCredentialPlugin(this.#access, plugin, { env: this.#env, signal });
      this.#expiresAtMs = given.expiresAt?.getTime() ?? Infinity;
      return given;
    } catch (error) {
      this.#plugged = undefined;
      throw error;
    }
  }
}

/** Source: client-go transport/round_trippers.go (impersonatingRoundTripper). */
function impersonationHeaders({ user, uid, groups, extra }: Impersonation): Record<string, string | readonly string[]> {
  return {
    ...(user !== "" && { "Impersonate-User": user }),
    ...(uid !== "" && { "Impersonate-Uid": uid }),
    ...(groups.length > 0 && { "Impersonate-Group": groups }),
    ...Object.fromEntries(extra.map(([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, values])),
  };
}
