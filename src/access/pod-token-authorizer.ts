/**
 * Keeps what runs in a pod to the secrets that the pod itself refers to, where its namespace asks for that: whoever takes
 * over a container then has what the container was given, whatever its account may do. It only ever denies.
 */
import { serviceAccountOf } from "../identity/service-account-user.ts";
import type { Attributes, Authorizer, Decision } from "./authorizer.ts";
import { concernsSecrets } from "./secret-resource.ts";

export interface TokenPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface PodTokenFacts {
  /** Whether the tokens of a namespace's pods are limited. Raises `unavailable` while that is not known. */
  limits(namespace: string): boolean;
  /** Whether the pod is there and refers to the secret of its namespace. Raises `unavailable` while that is not known. */
  refers(pod: TokenPod, secret: string): Promise<boolean>;
  /** See Authorizer.generation. */
  generation(): number;
}

const noOpinion: Decision = { type: "no-opinion", reason: "" };
const denied: Decision = {
  type: "deny",
  reason: "tokens of this namespace's pods are limited to the secrets that their pod refers to",
};

/** Denies a token that is bound to a pod of such a namespace every other secret, by whatever verb. */
export function podTokenAuthorizer(facts: PodTokenFacts): Authorizer {
  return {
    async authorize(attributes) {
      if (attributes.resource === undefined || !concernsSecrets(attributes.resource)) return noOpinion;
      const pod = podOf(attributes);
      if (pod === undefined || !facts.limits(pod.namespace)) return noOpinion;
      // What a pod refers to is what its secrets are now, never what they were.
      const isOfNow = attributes.resource.apiGroup === "";
      return isOfNow && (await isOwn(facts, pod, attributes.resource)) ? noOpinion : denied;
    },
    generation: () => facts.generation(),
    async reach(attributes) {
      const pod = podOf(attributes);
      return pod === undefined || !facts.limits(pod.namespace) ? [] : "unknown";
    },
  };
}

async function isOwn(
  facts: PodTokenFacts,
  pod: TokenPod,
  secret: NonNullable<Attributes["resource"]>,
): Promise<boolean> {
  return secret.name !== "" && secret.namespace === pod.namespace && (await facts.refers(pod, secret.name));
}

/** The pod that the caller's token is bound to. */
function podOf({ user }: Attributes): TokenPod | undefined {
  const account = serviceAccountOf(user.name);
  const [name] = user.extra.get("authentication.kubernetes.io/pod-name") ?? [];
  if (account === undefined || name === undefined) return undefined;
  const [uid = ""] = user.extra.get("authentication.kubernetes.io/pod-uid") ?? [];
  return { namespace: account.namespace, name, uid };
}
