/** What of authentication an operator chooses. */
export interface AuthenticationConfig {
  /** Who signs the tokens of service accounts: the first in new ones, all in those that count. */
  readonly issuers: readonly string[];
  /** What the tokens for this server are for. */
  readonly audiences: readonly string[];
  /** Longest life of a token in seconds; 0: as long as is asked for. */
  readonly tokenLifeSecondsMax: number;
  /** Paths that may be asked for without a credential, beside those of health. */
  readonly anonymousPaths: readonly string[];
}

/** The issuer that most clusters have, which does not change with the address of the server. */
const issuerDefault = "https://kubernetes.default.svc.cluster.local";

export const defaultAuthentication: AuthenticationConfig = {
  issuers: [issuerDefault],
  audiences: [issuerDefault],
  tokenLifeSecondsMax: 0,
  anonymousPaths: [],
};
