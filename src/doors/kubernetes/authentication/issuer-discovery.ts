/**
 * What who verifies our tokens elsewhere asks for: `/.well-known/openid-configuration` and `/openid/v1/jwks`.
 * Source: k/k pkg/serviceaccount/openidmetadata.go and pkg/routes/openidmetadata.go.
 */
import { keySetMaxAgeSeconds } from "../../../identity/tokens/token-key-ring.ts";
import type { TokenPublicKey } from "../../../identity/tokens/token-key.ts";
import type { DocumentRoute } from "../discovery/discovery.ts";
import type { Reply } from "../response/reply.ts";

export const issuerConfigurationPath = "/.well-known/openid-configuration";
export const keySetPath = "/openid/v1/jwks";

export interface IssuerDiscoveryOptions {
  readonly issuer: string;
  readonly keys: () => readonly TokenPublicKey[];
}

/** Whether upstream would tell of this issuer: an https URL without query and fragment. */
export function isDiscoverable(issuer: string): boolean {
  if (!URL.canParse(issuer)) return false;
  const { protocol, search, hash } = new URL(issuer);
  return protocol === "https:" && search === "" && hash === "";
}

export function issuerDiscoveryRoute({ issuer, keys }: IssuerDiscoveryOptions, serverAddress: string): DocumentRoute {
  if (!isDiscoverable(issuer)) return () => undefined;
  return ({ method, url: { pathname } }) => {
    if (method !== "GET" && method !== "HEAD") return undefined;
    if (pathname === issuerConfigurationPath) {
      return reply("application/json", {
        issuer,
        jwks_uri: `https://${serverAddress}${keySetPath}`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: [...new Set(keys().map(({ algorithm }) => algorithm))].toSorted(),
      });
    }
    if (pathname === keySetPath) return reply("application/jwk-set+json", { keys: keys().map(webKey) });
    return undefined;
  };
}

function reply(contentType: string, document: object): Reply {
  const headers = { "Cache-Control": `public, max-age=${keySetMaxAgeSeconds}` };
  return { code: 200, contentType, headers, body: Buffer.from(JSON.stringify(document), "utf8") };
}

function webKey({ publicKey, kid, algorithm }: TokenPublicKey): object {
  const { kty, ...parameters } = publicKey.export({ format: "jwk" });
  return { use: "sig", kty, kid, alg: algorithm, ...parameters };
}
