/** Webhooks of admission: pods that are sent the Secrets of others. */
import { workloadKinds } from "../../facts/facts.ts";
import type { WorkloadFact } from "../../facts/facts.ts";
import type { SecretReceiver, WebhookFact } from "../../facts/webhook-facts.ts";
import type { GraphBuilder } from "../unit.ts";
import { capabilityNode } from "./connect.ts";

/** Who gets into the pods behind a webhook sees what they are sent. A service without a selector has no pods of its own. */
export function addWebhooks(builder: GraphBuilder, configuration: WebhookFact): void {
  for (const receiver of configuration.receivers) {
    const scopes = receiver.namespaces.length === 0 ? [""] : receiver.namespaces;
    for (const workload of podsBehind(builder, receiver)) {
      const from = builder.node({ type: "workload", workload });
      const proof = { grants: [], facts: [configuration, workload], field: `webhooks[${receiver.index}]` };
      for (const scope of scopes)
        builder.edge(from, capabilityNode(builder, "read-secret", scope), "is-sent-secrets", proof);
    }
  }
}

function podsBehind({ facts }: GraphBuilder, { service: { namespace, name } }: SecretReceiver): WorkloadFact[] {
  return facts.named("Service", namespace, name).flatMap((service) => {
    if (service.kind !== "Service" || service.selector.size === 0) return [];
    const wanted = [...service.selector];
    const workloads = workloadKinds.flatMap((kind): readonly WorkloadFact[] => facts.inNamespace(kind, namespace));
    return workloads.filter(({ traits }) => wanted.every(([key, value]) => traits?.labels.get(key) === value));
  });
}
