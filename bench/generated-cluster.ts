/** A cluster of any size, the same each time: namespaces of teams, their accounts, workloads, secrets and rights. */
import { FactSet } from "../src/sight/facts/fact-set.ts";
import type { RoleFact, WorkloadReference } from "../src/sight/facts/facts.ts";
import type { Provenance } from "../src/sight/facts/provenance.ts";
import type { Subject } from "../src/access/rbac/role-binding.ts";

export interface ClusterSize {
  readonly namespaces: number;
  readonly nodes: number;
  readonly accounts: number;
  readonly pods: number;
  readonly secrets: number;
  readonly bindings: number;
}

const at: Provenance = { file: "generated", document: 1, item: undefined, line: 1 };
const rbacGroup = "rbac.authorization.k8s.io";

/** The facts of a cluster; equal sizes give equal facts. */
export function generateCluster(size: ClusterSize): FactSet {
  return new Generator(size).generate();
}

class Generator {
  readonly #facts = new FactSet("dump");
  readonly #size: ClusterSize;
  #state = 0x5eed;

  constructor(size: ClusterSize) {
    this.#size = size;
  }

  generate(): FactSet {
    const { namespaces, nodes, accounts, secrets, pods, bindings } = this.#size;
    for (let n = 0; n < namespaces; n++) {
      this.#facts.add({ kind: "Namespace", namespace: "", name: `team-${n}`, at });
      this.#addRoles(`team-${n}`);
    }
    this.#facts.add(
      this.#role("", "operator", [
        ["get,list,watch", "", "secrets"],
        ["create,update", "apps", "deployments"],
      ]),
    );
    this.#facts.add(
      this.#role("", "node-reader", [
        ["get", "", "nodes/proxy"],
        ["get,list", "", "nodes"],
      ]),
    );
    for (let n = 0; n < nodes; n++) this.#facts.add({ kind: "Node", namespace: "", name: `node-${n}`, at });
    for (let n = 0; n < accounts; n++) {
      this.#facts.add({
        kind: "ServiceAccount",
        ...this.#place("account", n),
        at,
        automount: n % 3 === 0 ? false : undefined,
      });
    }
    for (let n = 0; n < secrets; n++) {
      const keys = ["password"];
      this.#facts.add({ kind: "Secret", ...this.#place("secret", n), at, type: "Opaque", keys, tokenOf: "" });
    }
    for (let n = 0; n < pods; n++) this.#addPod(n);
    for (let n = 0; n < bindings; n++) this.#addBinding(n);
    return this.#facts;
  }

  /** What nth things of a sort are called: spread over the namespaces. */
  #place(sort: string, n: number): { namespace: string; name: string } {
    return { namespace: `team-${n % this.#size.namespaces}`, name: `${sort}-${n}` };
  }

  /** One of the names of a sort in a namespace. */
  #oneOf(sort: string, namespace: number, count: number): string {
    const each = Math.max(1, Math.floor(count / this.#size.namespaces));
    return `${sort}-${namespace + this.#below(each) * this.#size.namespaces}`;
  }

  #addRoles(namespace: string): void {
    const number = Number(namespace.slice("team-".length));
    const secret = () => this.#oneOf("secret", number, this.#size.secrets);
    this.#facts.add(
      this.#role(namespace, "app", [
        ["get", "", "secrets", secret(), secret()],
        ["get,list,watch", "", "configmaps,pods"],
      ]),
    );
    this.#facts.add(
      this.#role(namespace, "deployer", [
        ["create,update,patch", "apps", "deployments,statefulsets"],
        ["get", "", "pods/log"],
      ]),
    );
    this.#facts.add(
      this.#role(namespace, "helper", [
        ["create", "", "pods/exec"],
        ["get,list", "", "pods"],
      ]),
    );
    this.#facts.add(
      this.#role(namespace, "tokens", [
        ["create", "", "serviceaccounts/token", this.#oneOf("account", number, this.#size.accounts)],
      ]),
    );
  }

  #role(namespace: string, name: string, rules: readonly (readonly string[])[]): RoleFact {
    return {
      kind: namespace === "" ? "ClusterRole" : "Role",
      namespace,
      name,
      at,
      labels: new Map(),
      aggregates: [],
      rules: rules.map(([verbs = "", group = "", resources = "", ...resourceNames], index) => ({
        number: index + 1,
        at,
        rule: {
          verbs: verbs.split(","),
          apiGroups: [group === "rbac" ? rbacGroup : group],
          resources: resources.split(","),
          resourceNames,
          nonResourceURLs: [],
        },
      })),
    };
  }

  #addPod(n: number): void {
    const { nodes, accounts, secrets, namespaces } = this.#size;
    const place = this.#place("pod", n);
    const refer = (way: "volume" | "environment"): WorkloadReference => {
      return { kind: "secret", name: this.#oneOf("secret", n % namespaces, secrets), way, optional: false };
    };
    this.#facts.add({
      kind: "Pod",
      ...place,
      at,
      account: this.#oneOf("account", n % namespaces, accounts),
      references: [refer("volume"), refer("environment")],
      mountsToken: undefined,
      node: `node-${this.#below(nodes)}`,
      mirror: false,
    });
  }

  /** Of 40, one is for the whole cluster; most of the others are of accounts, some of people and groups. */
  #addBinding(n: number): void {
    if (n % 40 === 0) {
      const roles = ["view", "node-reader", "view", "operator"];
      const name = roles[(n / 40) % roles.length] ?? "view";
      const subjects = [this.#account(this.#below(this.#size.namespaces))];
      const roleRef = { kind: "ClusterRole", name };
      this.#facts.add({ kind: "ClusterRoleBinding", namespace: "", name: `binding-${n}`, at, roleRef, subjects });
      return;
    }
    const number = n % this.#size.namespaces;
    const roles = ["app", "app", "app", "deployer", "helper", "tokens", "edit", "view"];
    const name = roles[this.#below(roles.length)] ?? "app";
    const roleRef = { kind: name === "edit" || name === "view" ? "ClusterRole" : "Role", name };
    const group = { kind: "Group", name: `group-${this.#below(200)}`, namespace: "" };
    const user = { kind: "User", name: `user-${this.#below(2000)}`, namespace: "" };
    const subjects = n % 7 === 0 ? [group] : n % 5 === 0 ? [user] : [this.#account(number)];
    this.#facts.add({ kind: "RoleBinding", namespace: `team-${number}`, name: `binding-${n}`, at, roleRef, subjects });
  }

  #account(namespace: number): Subject {
    const name = this.#oneOf("account", namespace, this.#size.accounts);
    return { kind: "ServiceAccount", name, namespace: `team-${namespace}` };
  }

  /** A number from 0 to before `end`, by a linear congruence. */
  #below(end: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * end);
  }
}
