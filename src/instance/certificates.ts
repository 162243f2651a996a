/** The instance's authority at work: the listener's certificate, kept fresh, and clients' kubeconfigs. */
import { CertificateAuthority } from "../identity/x509/certificate-authority.ts";
import { renderKubeconfig } from "../identity/x509/kubeconfig.ts";
import { loadOrCreateAuthority, loadOrIssueServerCertificate } from "../identity/x509/pki-storage.ts";
import type { PkiStorage } from "../identity/x509/pki-storage.ts";
import type { Listener } from "../doors/http/listener.ts";
import type { TlsMaterial } from "../doors/http/tls-options.ts";
import type { ClientCertificateRequest } from "./client-certificate-request.ts";

/** How often the server looks whether its certificate is due for renewal. */
const renewalIntervalMs = 60 * 60 * 1000;

export class Certificates {
  readonly authority: CertificateAuthority;
  readonly #storage: PkiStorage;
  readonly #names: readonly string[];
  #trusted = "";

  private constructor(authority: CertificateAuthority, storage: PkiStorage, names: readonly string[]) {
    this.authority = authority;
    this.#storage = storage;
    this.#names = names;
  }

  /** Loads the authority, or makes it at the first start. Raises `corrupt`, `invalid` (a name that is none). */
  static async open(storage: PkiStorage, names: readonly string[]): Promise<Certificates> {
    return new Certificates(await loadOrCreateAuthority(storage, Date.now()), storage, names);
  }

  /** Authorities that TLS verifies clients by beside our own, PEM. What they are trusted with is for others to say. */
  trust(authoritiesPem: string): void {
    this.#trusted = authoritiesPem;
  }

  /** What the listener presents, and whom it trusts. */
  async tlsMaterial(): Promise<TlsMaterial> {
    const server = await loadOrIssueServerCertificate(this.#storage, this.authority, this.#names, Date.now());
    return {
      certPem: server.certPem,
      keyPem: server.keyPem.reveal(),
      clientCaPem: `${this.authority.certPem}\n${this.#trusted}`,
    };
  }

  /** Renews a listener's certificate while it runs. */
  keepFresh(listener: Pick<Listener, "setTls">, onError: (error: unknown) => void): Disposable {
    let current = "";
    const renew = async () => {
      const material = await this.tlsMaterial();
      if (current !== "" && material.certPem !== current) listener.setTls(material);
      current = material.certPem;
    };
    const timer = setInterval(() => renew().catch(onError), renewalIntervalMs).unref();
    renew().catch(onError);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  /** The text of a kubeconfig with a new client certificate. Raises `invalid`. */
  async issueKubeconfig(serverUrl: string, request: ClientCertificateRequest): Promise<string> {
    const subject = { userName: request.user, groups: request.groups };
    const client = await this.authority.issueClientCertificate(subject, request.ttlSeconds, Date.now());
    const caPem = this.authority.certPem;
    return renderKubeconfig({ serverUrl, caPem, client, contextName: "strongroom", userName: request.user }).reveal();
  }
}
