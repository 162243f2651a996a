import type { FrontProxyNames } from "../../../identity/x509/front-proxy.ts";

/** The headers that proxies of Kubernetes use. */
export const defaultFrontProxyNames: FrontProxyNames = {
  allowedNames: [],
  usernameHeaders: ["X-Remote-User"],
  uidHeaders: ["X-Remote-Uid"],
  groupHeaders: ["X-Remote-Group"],
  extraHeaderPrefixes: ["X-Remote-Extra-"],
};

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
  /** A file AuthenticationConfiguration: issuers elsewhere, and who may be anonymous where. An absolute path. */
  readonly configurationFile?: string | undefined;
  /** A file of tokens (identity/tokens/static-tokens.ts), an absolute path. */
  readonly tokenFile?: string | undefined;
  /** Proxies in front that name the user. */
  readonly frontProxy?: (FrontProxyNames & { readonly authoritiesFile: string }) | undefined;
}

/** The issuer that most clusters have, which does not change with the address of the server. */
const issuerDefault = "https://kubernetes.default.svc.cluster.local";

export const defaultAuthentication: AuthenticationConfig = {
  issuers: [issuerDefault],
  audiences: [issuerDefault],
  tokenLifeSecondsMax: 0,
  anonymousPaths: [],
};
