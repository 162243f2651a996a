/** What one identity may ask for in one namespace, and which rule of which binding says so. */
import { ruleAllows } from "../../access/rbac/policy-rule.ts";
import { secretOfVersion } from "../../access/secret-resource.ts";
import type { BindingFact, RoleFact, RuleFact } from "../facts/facts.ts";
import type { Ask } from "./edge-rule.ts";
import { TargetIndex } from "./target-index.ts";

/** A role that is held through a binding; without one, it could be bound. */
export interface HeldRole {
  readonly binding: BindingFact | undefined;
  readonly role: RoleFact;
  /** Where it counts: a namespace, or "" for everywhere. */
  readonly scope: string;
}

/** A rule that allows something. */
export interface Grant extends HeldRole {
  readonly rule: RuleFact;
}

export class Rights {
  readonly #held: readonly HeldRole[];
  readonly #isFree: (name: string) => boolean;
  readonly #namespace: string;
  readonly #byTarget = new Map<Ask, TargetIndex>();

  /**
   * `held` counts in the namespace ("" for all of them); what is first is named as the reason. `isFree` says that no
   * secret has a name.
   */
  constructor(held: readonly HeldRole[], isFree: (name: string) => boolean, namespace = "") {
    this.#held = held;
    this.#isFree = isFree;
    this.#namespace = namespace;
  }

  get held(): readonly HeldRole[] {
    return this.#held;
  }

  /** The grants that allow one request of each list, about `target` ("" for every name there is), or undefined. */
  findAll(needs: readonly (readonly Ask[])[], target: string): Grant[] | undefined {
    const found: Grant[] = [];
    for (const alternatives of needs) {
      const grant = this.findOne(alternatives, target);
      if (grant === undefined) return undefined;
      found.push(grant);
    }
    return found;
  }

  /** The first grant that allows one of the requests. */
  findOne(alternatives: readonly Ask[], target: string): Grant | undefined {
    for (const ask of alternatives) {
      if (ask.named === "target" || ask.named === "version" || ask.named === "namespace") {
        // A namespace is asked for within itself. Source: k8s.io/apiserver pkg/endpoints/request/requestinfo.go.
        const name = ask.named === "namespace" ? this.#namespace || target : target;
        const grant = this.#indexOf(ask).first(name);
        if (grant !== undefined) return grant;
        continue;
      }
      for (const held of this.#held) {
        if (ask.clusterWide && held.scope !== "") continue;
        const rule = held.role.rules.find((each) => this.#allows(each, ask));
        if (rule !== undefined) return { ...held, rule };
      }
    }
    return undefined;
  }

  #indexOf(ask: Ask): TargetIndex {
    const known = this.#byTarget.get(ask);
    if (known !== undefined) return known;
    const index = new TargetIndex(this.#about(ask), (name) => targetNamed(ask, name));
    this.#byTarget.set(ask, index);
    return index;
  }

  /** What allows a request for some name. */
  *#about(ask: Ask): Generator<Grant> {
    for (const held of this.#held) {
      if (ask.clusterWide && held.scope !== "") continue;
      for (const rule of held.role.rules) {
        const name = rule.rule.resourceNames[0] ?? "";
        if (allowsNamed({ rule: rule.rule, ask, name })) yield { ...held, rule };
      }
    }
  }

  /** The names in rules that may be targets of the requests. */
  namedTargets(needs: readonly (readonly Ask[])[]): Set<string> {
    const names = new Set<string>();
    for (const ask of needs.flat()) {
      const isTarget = ask.named === "target" || ask.named === "version";
      if (!isTarget && (ask.named !== "namespace" || this.#namespace !== "")) continue;
      for (const { role } of this.#held) {
        for (const { rule } of role.rules) {
          if (rule.resourceNames.length === 0 || !allowsNamed({ rule, ask, name: rule.resourceNames[0] ?? "" }))
            continue;
          for (const name of rule.resourceNames) if (name !== "") names.add(targetNamed(ask, name));
        }
      }
    }
    return names;
  }

  #allows({ rule }: RuleFact, ask: Ask): boolean {
    const { resourceNames } = rule;
    switch (ask.named) {
      case "none":
        return allowsNamed({ rule, ask, name: "" });
      case "target":
      case "version":
      case "namespace":
        return false; // looked up
      case "any":
        return allowsNamed({ rule, ask, name: resourceNames[0] ?? "" });
      case "free":
        return (
          allowsNamed({ rule, ask, name: resourceNames[0] ?? "" }) &&
          (resourceNames.length === 0 || resourceNames.some((name) => this.#isFree(name)))
        );
      default:
        return ask.named.some((name) => allowsNamed({ rule, ask, name }));
    }
  }
}

/** What a rule is about that has this among its names. */
function targetNamed({ named }: Ask, name: string): string {
  return named === "version" ? secretOfVersion(name) : name;
}

function allowsNamed({ rule, ask, name }: { rule: RuleFact["rule"]; ask: Ask; name: string }): boolean {
  const { verb, group: apiGroup, resource, subresource } = ask;
  const asked = { apiGroup, apiVersion: "", resource, subresource, namespace: "", name };
  return ruleAllows(rule, { verb, path: undefined, resource: asked });
}
