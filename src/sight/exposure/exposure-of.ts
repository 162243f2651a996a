/**
 * Whether a workload is reached from outside of its cluster, by what, and past which proof of who calls.
 *
 * What is decided here is what the objects say. A firewall before the nodes, and an application that asks for a
 * password, are not in a cluster; nor is it known here whether the address of a node is a public one.
 */
import type { FactSet } from "../facts/fact-set.ts";
import type { Fact, WorkloadFact } from "../facts/facts.ts";
import { routeKinds } from "../facts/network-facts.ts";
import type { NetworkPolicyFact, ServiceFact } from "../facts/network-facts.ts";

export type ExposureWay =
  | "load-balancer"
  | "node-port"
  | "external-ip"
  | "ingress"
  | "gateway"
  | "host-port"
  | "host-network";

export interface ExposedWay {
  readonly way: ExposureWay;
  /** Whether something on the way asks who it is. */
  readonly authenticates: boolean;
  /** The objects that make it, from the outside to the pod. */
  readonly facts: readonly Fact[];
}

export interface Exposure {
  readonly ways: readonly ExposedWay[];
  /** Policies that let nothing in: with one, there are no ways but those past the pod's network. */
  readonly deniedBy: readonly NetworkPolicyFact[];
}

/** The exposure of one workload. For many of one set of facts, use {@link Exposures}. */
export function exposureOf(facts: FactSet, workload: WorkloadFact): Exposure {
  return new Exposures(facts).of(workload);
}

/** Answers for the facts as they are when it is made. */
export class Exposures {
  readonly #services: ReadonlyMap<string, readonly ServiceFact[]>;
  readonly #policies: ReadonlyMap<string, readonly NetworkPolicyFact[]>;
  readonly #fronts: ReadonlyMap<string, readonly ExposedWay[]>;

  constructor(facts: FactSet) {
    this.#services = Map.groupBy(facts.of("Service"), ({ namespace }) => namespace);
    this.#policies = Map.groupBy(facts.of("NetworkPolicy"), ({ namespace }) => namespace);
    this.#fronts = frontsOf(facts);
  }

  /** A workload of which only its references are known has no ways. */
  of(workload: WorkloadFact): Exposure {
    const { traits, namespace } = workload;
    if (traits === undefined) return { ways: [], deniedBy: [] };
    const own: ExposedWay[] = [];
    if (traits.hostNetwork) own.push({ way: "host-network", authenticates: false, facts: [workload] });
    if (traits.hostPorts.length > 0) own.push({ way: "host-port", authenticates: false, facts: [workload] });
    const deniedBy = traits.hostNetwork ? [] : this.#denying(namespace, traits.labels);
    if (deniedBy.length > 0) return { ways: [], deniedBy };
    const services = (this.#services.get(namespace) ?? []).filter(({ selector }) => selects(selector, traits.labels));
    return { ways: [...own, ...services.flatMap((service) => this.#waysThrough(service, workload))], deniedBy: [] };
  }

  #waysThrough(service: ServiceFact, workload: WorkloadFact): ExposedWay[] {
    const facts = [service, workload];
    const { type, isInternal, externalIPs, namespace, name } = service;
    const ways: ExposedWay[] = [];
    if (type === "LoadBalancer" && !isInternal) ways.push({ way: "load-balancer", authenticates: false, facts });
    if (type === "NodePort") ways.push({ way: "node-port", authenticates: false, facts });
    if (externalIPs.length > 0) ways.push({ way: "external-ip", authenticates: false, facts });
    const fronts = this.#fronts.get(`${namespace}/${name}`) ?? [];
    return [...ways, ...fronts.map((front) => ({ ...front, facts: [...front.facts, ...facts] }))];
  }

  /** Policies add up: one that lets something in undoes those that let nothing in. */
  #denying(namespace: string, labels: ReadonlyMap<string, string>): readonly NetworkPolicyFact[] {
    const policies = (this.#policies.get(namespace) ?? []).filter(({ podLabels }) => matches(podLabels, labels));
    if (policies.some(({ deniesIngress }) => !deniesIngress)) return [];
    return policies.filter(({ hasExpressions }) => !hasExpressions);
  }
}

/** What stands before services, by `NAMESPACE/NAME` of the service. */
function frontsOf(facts: FactSet): Map<string, ExposedWay[]> {
  const fronts = new Map<string, ExposedWay[]>();
  const add = (service: string, way: ExposedWay) => {
    const known = fronts.get(service);
    if (known === undefined) fronts.set(service, [way]);
    else known.push(way);
  };
  for (const ingress of facts.of("Ingress")) {
    const { authenticates, namespace, backends } = ingress;
    for (const name of backends) add(`${namespace}/${name}`, { way: "ingress", authenticates, facts: [ingress] });
  }
  for (const kind of routeKinds) {
    for (const route of facts.of(kind)) {
      for (const { namespace, name } of route.backends) {
        add(`${namespace}/${name}`, { way: "gateway", authenticates: false, facts: [route] });
      }
    }
  }
  return fronts;
}

/** A service without a selector has no pods of its own accord. */
function selects(selector: ReadonlyMap<string, string>, labels: ReadonlyMap<string, string>): boolean {
  return selector.size > 0 && matches(selector, labels);
}

function matches(selector: ReadonlyMap<string, string>, labels: ReadonlyMap<string, string>): boolean {
  for (const [name, value] of selector) if (labels.get(name) !== value) return false;
  return true;
}
