/** A client certificate to be issued. */
export interface ClientCertificateRequest {
  readonly user: string;
  readonly groups: readonly string[];
  readonly ttlSeconds: number;
}
