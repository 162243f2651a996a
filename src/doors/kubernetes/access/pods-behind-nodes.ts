/** On whose behalf a kubelet reads: the pods on its node that refer to the secret. */
import type { OnBehalfOf, PodReader } from "../../../audit/audit-event.ts";
import type { PodReferenceFacts, ReferringPod } from "../../../core/references/pod-reference-facts.ts";
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { nodeOf } from "../../../identity/node-user.ts";
import type { User } from "../../../identity/user.ts";

/** Pods that are named in one record; the others are counted. */
const podsMax = 32;

type SecretName = { readonly namespace: string; readonly name: string };

/** Undefined where no user is a node, where no pod refers to any of the secrets, and while that is not known. */
export function podsBehindNodes(
  facts: PodReferenceFacts,
  users: readonly Pick<User, "name" | "groups">[],
  secrets: readonly SecretName[],
): OnBehalfOf | undefined {
  const nodes = new Set(users.map((user) => nodeOf(user) ?? "").filter((node) => node !== ""));
  if (nodes.size === 0) return undefined;
  const pods = new Map<string, PodReader>();
  for (const secret of secrets) {
    for (const pod of referring(facts, secret)) {
      if (nodes.has(pod.node)) pods.set(`${pod.namespace}/${pod.name}`, readerOf(pod));
    }
  }
  if (pods.size === 0) return undefined;
  const others = pods.size - podsMax;
  return { pods: [...pods.values()].slice(0, podsMax), ...(others > 0 && { others }) };
}

function referring(facts: PodReferenceFacts, { namespace, name }: SecretName): readonly ReferringPod[] {
  try {
    return facts.referringPods({ kind: "secret", namespace, name });
  } catch (error) {
    // What is not known is left out: the node itself is on record all the same.
    if (isStrongroomError(error, "unavailable")) return [];
    throw error;
  }
}

function readerOf({ namespace, name, uid, node, references }: ReferringPod): PodReader {
  const account = references.find(({ kind }) => kind === "serviceaccount")?.name;
  return { namespace, name, uid, node, ...(account !== undefined && { serviceAccount: account }) };
}
