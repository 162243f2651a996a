/** What questions about tokens are answered by. */
import type { TokenAuthenticator } from "../../../identity/tokens/token-authenticator.ts";
import type { TokenIssuer } from "../../../identity/tokens/token-issuer.ts";

export interface TokenServices {
  readonly issuer: TokenIssuer;
  /** All kinds of tokens; what is said of one is not remembered. */
  readonly authenticator: TokenAuthenticator;
}
