/**
 * Bootstrap tokens: kept in secrets of kube-system, for whoever joins.
 * Source: k/k plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go; cluster-bootstrap util/secrets.
 */
import { equalSecrets } from "../../crypto/constant-time.ts";
import type { TokenAuthenticator, VerifiedToken } from "./token-authenticator.ts";
import type { SecretFact, TokenFacts } from "./token-facts.ts";

export const bootstrapNamespace = "kube-system";
export const bootstrapSecretPrefix = "bootstrap-token-";
export const bootstrapSecretType = "bootstrap.kubernetes.io/token";

const form = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const defaultGroup = "system:bootstrappers";
/** A date and time with its zone, as Go's RFC3339 layout takes it. */
const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

export interface BootstrapTokenOptions {
  readonly facts: TokenFacts;
  readonly ownAudiences: readonly string[];
  readonly nowMs: () => number;
}

/** A token that does not count is as one that is not there: who guesses learns nothing. */
export function bootstrapTokens({ facts, ownAudiences, nowMs }: BootstrapTokenOptions): TokenAuthenticator {
  return {
    async authenticate(token, asked): Promise<VerifiedToken | undefined> {
      const [, id, password] = form.exec(token) ?? [];
      const audiences = ownAudiences.filter((audience) => asked.includes(audience));
      if (id === undefined || password === undefined || audiences.length === 0) return undefined;
      const name = `${bootstrapSecretPrefix}${id}`;
      const secret = await facts.secret(bootstrapNamespace, name);
      if (secret === undefined || !equalSecrets(secret.value("token-secret"), password)) return undefined;
      const groups = groupsOf(secret);
      if (groups === undefined || !authenticates(secret, id, nowMs())) return undefined;
      return {
        user: { name: `system:bootstrap:${id}`, uid: undefined, groups, extra: new Map() },
        audiences,
        dependsOn: [{ kind: "secret", namespace: bootstrapNamespace, name }],
        endsAtMs: bootstrapExpiryMs(secret.value("expiration")),
        annotations: [],
        warnings: [],
      };
    },
  };
}

function authenticates(secret: SecretFact, id: string, nowMs: number): boolean {
  const expiryMs = bootstrapExpiryMs(secret.value("expiration"));
  return (
    secret.deletedAtMs === undefined &&
    secret.type === bootstrapSecretType &&
    secret.value("token-id") === id &&
    (expiryMs === undefined || expiryMs > nowMs) &&
    secret.value("usage-bootstrap-authentication") === "true"
  );
}

/** When a token ends, in ms since 1970; undefined when never. What cannot be read as a time has ended long ago: 0. */
export function bootstrapExpiryMs(expiration: string): number | undefined {
  if (expiration === "") return undefined;
  const timeMs = timeForm.test(expiration) ? Date.parse(expiration) : Number.NaN;
  return Number.isNaN(timeMs) ? 0 : timeMs;
}

/** Each once, in order; undefined when one is none that a bootstrap token may have. */
function groupsOf(secret: SecretFact): readonly string[] | undefined {
  const text = secret.value("auth-extra-groups");
  const extra = text === "" ? [] : text.split(",");
  if (!extra.every((group) => groupForm.test(group))) return undefined;
  return [...new Set([defaultGroup, ...extra])].toSorted();
}
