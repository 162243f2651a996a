/** Who is asking at this door: the kinds of credentials, and what they are checked against. */
import type { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { ConfiguredIssuers } from "../../../identity/oidc/configured-issuers.ts";
import { issuersChange } from "../../../identity/oidc/issuers-change.ts";
import { bearerAuthenticator } from "../../../identity/tokens/bearer.ts";
import { bootstrapTokens } from "../../../identity/tokens/bootstrap-tokens.ts";
import { BoundTokens } from "../../../identity/tokens/bound-tokens.ts";
import { CredentialCache } from "../../../identity/tokens/credential-cache.ts";
import { readStaticTokens, staticTokens } from "../../../identity/tokens/static-tokens.ts";
import type { StaticTokens } from "../../../identity/tokens/static-tokens.ts";
import { LegacyTokens } from "../../../identity/tokens/legacy-tokens.ts";
import { tokenIssuer } from "../../../identity/tokens/token-issuer.ts";
import type { TokenAuthenticator } from "../../../identity/tokens/token-authenticator.ts";
import type { TokenKeyRing } from "../../../identity/tokens/token-key-ring.ts";
import { tokenUnion } from "../../../identity/tokens/token-union.ts";
import { requestUnion } from "../../../identity/request-credentials.ts";
import type { AuthenticatedRequest } from "../../../identity/request-credentials.ts";
import { certificateAuthenticator } from "../../../identity/x509/certificate-authenticator.ts";
import { ClientCertificateAuthenticator } from "../../../identity/x509/client-certificate-user.ts";
import type { ClientConnection } from "../../../identity/x509/client-certificate-user.ts";
import { frontProxyAuthenticator } from "../../../identity/x509/front-proxy.ts";
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { Store } from "../../../store/store.ts";
import { WorkQueue } from "../controllers/work-queue.ts";
import type { Timers } from "../controllers/work-queue.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import type { AuthenticationConfig } from "./authentication-config.ts";
import type { IssuerDiscoveryOptions } from "./issuer-discovery.ts";
import { storedTokenFacts } from "./stored-token-facts.ts";
import { TokenObjectChanges } from "./token-object-changes.ts";
import type { TokenServices } from "./token-services.ts";

export interface OpenAuthenticationOptions {
  readonly config: AuthenticationConfig;
  readonly keys: TokenKeyRing;
  /** Whether a certificate is by the authority of clients. */
  readonly hasIssued: (certificate: X509Certificate) => boolean;
  readonly store: Store;
  readonly storage: (kind: Kind) => KindStorage;
  readonly timers: Timers;
  readonly now: () => Date;
  readonly onError: (error: unknown, resource: string) => void;
}

/** A secret of a service account, whose token was used. */
export interface UsedSecret {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface OpenAuthentication extends AsyncDisposable {
  /** Raises `unauthenticated`. */
  readonly authenticate: (request: IncomingMessage) => Promise<AuthenticatedRequest>;
  readonly tokens: TokenServices;
  /** The storages to serve from: what they have changed counts for the next request. */
  readonly storage: (kind: Kind) => KindStorage;
  readonly discovery: IssuerDiscoveryOptions;
  /** Secrets whose use is to be noted on them. */
  readonly used: WorkQueue<UsedSecret>;
  /** Authorities that TLS has to tell clients of beside that of clients, PEM; "" when there are none. */
  readonly authoritiesPem: string;
}

/** Most secrets at the same time whose use is still to be noted; more are noted with their next use. */
const usedMax = 1000;

/** Raises `invalid` and `unavailable` for files that are not as they must be. */
export async function openAuthentication(options: OpenAuthenticationOptions): Promise<OpenAuthentication> {
  const { config, keys, store, timers, now } = options;
  const nowMs = () => now().getTime();
  const used = new WorkQueue<UsedSecret>({ timers, itemsMax: usedMax, merge: (waiting) => waiting });
  const { tokenFile, frontProxy } = config;
  const fixed = tokenFile === undefined ? new Map() : await readStaticTokens(tokenFile);
  const configured = await openConfigured(options, nowMs, () => credentials.changed(issuersChange));
  const own = tokenAuthenticators(options, { fixed, used, nowMs });
  const authenticator = configured === undefined ? own : tokenUnion([own, configured]);
  const authoritiesPem = frontProxy === undefined ? "" : await readAuthorities(frontProxy.authoritiesFile);
  const credentials = new CredentialCache({ authenticator, audiences: config.audiences, nowMs });
  keys.onRemoved(() => credentials.allChanged());
  const changes = new TokenObjectChanges({
    store,
    changed: (object) => credentials.changed(object),
    allChanged: () => credentials.allChanged(),
    timers,
    onError: options.onError,
  });
  const issuer = config.issuers[0] ?? "";
  const union = requestUnion(
    [
      ...(frontProxy === undefined ? [] : [frontProxyAuthenticator({ ...frontProxy, authoritiesPem, nowMs })]),
      certificateAuthenticator(new ClientCertificateAuthenticator(options.hasIssued), nowMs),
      bearerAuthenticator(credentials),
    ],
    { opens: (path) => configured?.opens(path) ?? config.anonymousPaths.includes(path) },
  );
  const observed = new Map<Kind, KindStorage>();
  return {
    authenticate: (request) =>
      union({
        connection: connectionOf(request),
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        path: pathOf(request),
      }),
    tokens: {
      issuer: tokenIssuer({
        issuer,
        ownAudiences: config.audiences,
        lifeSecondsMax: config.tokenLifeSecondsMax,
        signing: () => keys.signing(),
      }),
      authenticator,
    },
    storage(kind) {
      const known = observed.get(kind) ?? changes.observed(kind, options.storage(kind));
      observed.set(kind, known);
      return known;
    },
    discovery: { issuer, keys: () => keys.verification() },
    used,
    authoritiesPem,
    async [Symbol.asyncDispose]() {
      used.close();
      configured?.[Symbol.dispose]();
      await changes[Symbol.asyncDispose]();
    },
  };
}

async function openConfigured(
  { config, timers, onError }: OpenAuthenticationOptions,
  nowMs: () => number,
  onChanged: () => void,
): Promise<ConfiguredIssuers | undefined> {
  const { configurationFile: path, issuers: ownIssuers, audiences: ownAudiences } = config;
  if (path === undefined) return undefined;
  // Loaded where it is asked for.
  const { ConfiguredIssuers: configured } = await import("../../../identity/oidc/configured-issuers.ts");
  const failed = (error: unknown) => onError(error, "the authentication configuration");
  return configured.open({ path, ownIssuers, ownAudiences, timers, nowMs, onChanged, onError: failed });
}

function tokenAuthenticators(
  { config, keys, storage }: OpenAuthenticationOptions,
  more: { readonly fixed: StaticTokens; readonly used: WorkQueue<UsedSecret>; readonly nowMs: () => number },
): TokenAuthenticator {
  const facts = storedTokenFacts(storage);
  const keysFor = (kid?: string) => keys.verification(kid);
  const { audiences: ownAudiences, issuers } = config;
  const { fixed, used, nowMs } = more;
  const note = (secret: UsedSecret) => used.addIfRoom(secret.uid, secret);
  return tokenUnion([
    staticTokens(fixed, ownAudiences),
    new LegacyTokens({ ownAudiences, keysFor, facts, used: note, nowMs }),
    new BoundTokens({ issuers, keysFor, facts, nowMs }),
    bootstrapTokens({ facts, ownAudiences, nowMs }),
  ]);
}

async function readAuthorities(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new StrongroomError("unavailable", `the file of authorities ${path} must be readable`, { cause });
  });
}

function connectionOf({ socket }: IncomingMessage): ClientConnection {
  const connection: unknown = socket;
  return connection as ClientConnection; // the listener accepts TLS connections only
}

function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "";
}
