/** Roles and bindings as clients send them. */

export const rbacPath = "/apis/rbac.authorization.k8s.io/v1";

export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** Verbs on a resource of the core group, of some names or all. */
export function coreRule(verbs: string, resources: string, ...resourceNames: string[]): Rule {
  return {
    verbs: verbs.split(","),
    apiGroups: [""],
    resources: resources.split(","),
    ...(resourceNames.length > 0 && { resourceNames }),
  };
}

export function roleObject(name: string, ...rules: Rule[]) {
  return { metadata: { name }, rules };
}

/** Binds `Role NAME` or `ClusterRole NAME` to `User NAME`s, `Group NAME`s. */
export function bindingObject(name: string, role: string, ...subjects: string[]) {
  const named = (text: string) => {
    const [kind = "", subject = ""] = text.split(" ");
    return { kind, name: subject, apiGroup: "rbac.authorization.k8s.io" };
  };
  return { metadata: { name }, roleRef: named(role), subjects: subjects.map(named) };
}
