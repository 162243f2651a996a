/** A real OpenID Connect provider (oidc-provider) on loopback, whose keys tests know, so that they can also forge tokens. */
import { createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import type { CryptoKey, JWTPayload } from "jose";
import { Provider } from "oidc-provider";
import { makeCertificates } from "./certificates.ts";

export const audience = "https://strongroom.example";
const clientId = "tester";
const clientSecret = "only-for-this-test";

export interface OidcIssuer extends AsyncDisposable {
  readonly url: string;
  readonly caPem: string;
  /** A token by the provider's own token endpoint, with these claims beside its own. */
  token(claims: JWTPayload): Promise<string>;
  /** A token signed here with the provider's key, or another one. */
  forged(claims: JWTPayload, options?: { readonly kid?: string; readonly key?: CryptoKey }): Promise<string>;
  /** Counts the requests for keys. */
  readonly keyReads: () => number;
}

export async function startIssuer(): Promise<OidcIssuer> {
  const { ca, server: pair } = makeCertificates();
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: "key-1", alg: "RS256", use: "sig" };
  let handle: (...exchange: Parameters<ReturnType<Provider["callback"]>>) => unknown = () => {};
  let keyReads = 0;
  const server = createServer({ key: pair.keyPem, cert: pair.certPem }, (request, response) => {
    if (request.url === "/jwks") keyReads++;
    void handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`; // of a TCP server
  let extra: JWTPayload = {};
  const provider = new Provider(url, {
    jwks: { keys: [jwk] },
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    extraTokenClaims: () => extra,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: "read",
          audience,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
  handle = provider.callback();
  return {
    url,
    caPem: ca.certPem,
    async token(claims) {
      extra = claims;
      const body = new URLSearchParams({ grant_type: "client_credentials", resource: audience, scope: "read" });
      const answer = await post(`${url}/token`, ca.certPem, body.toString());
      return String((JSON.parse(answer) as { access_token: unknown }).access_token);
    },
    forged(claims, { kid = "key-1", key = privateKey } = {}) {
      return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(key);
    },
    keyReads: () => keyReads,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function post(url: string, ca: string, body: string): Promise<string> {
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  return new Promise((resolve, reject) => {
    const asked = httpsRequest(
      url,
      { method: "POST", ca, headers, auth: `${clientId}:${clientSecret}`, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}
