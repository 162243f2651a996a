/**
 * ValidatingAdmissionPolicies: changes are held against expressions.
 *
 * Expressions see objects as expression-object.ts shows them. An expression that fails, or costs too much, denies unless its
 * policy ignores failures.
 *
 * Source: apiserver pkg/admission/plugin/policy/{generic,validating}.
 */
import { loadCel } from "../../../cel/cel.ts";
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { Admission, AdmissionOperation } from "../../../gate/admission.ts";
import { ApiError, forbidden, notFound } from "../api-error.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { namespaceKind } from "../kinds/namespace.ts";
import { admissionGroup, validatingAdmissionPolicyKind } from "../kinds/validating-admission-policy.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { metadataOf, objectField, stringField, stringsField } from "../validation/object-fields.ts";
import { requireValid } from "../verbs/verb-context.ts";
import { CostAllowance, evaluatePolicy } from "./evaluate-policy.ts";
import type { EvaluatedChange, PolicyFailure } from "./evaluate-policy.ts";
import { expressionObject } from "./expression-object.ts";
import { matchesResources } from "./match-resources.ts";
import type { MatchedChange } from "./match-resources.ts";
import { collectParams } from "./policy-params.ts";
import { compilePolicy } from "./policy-programs.ts";
import type { PolicyPrograms } from "./policy-programs.ts";
import type { BoundPolicy } from "./stored-admission-policies.ts";

export interface ValidatingPolicyOptions {
  readonly kinds: readonly Kind[];
  readonly storage: (kind: Kind) => KindStorage;
  readonly bound: () => readonly BoundPolicy[];
}

/** Checks policies when they are written, and what policies are about when it is. */
export function validatingAdmissionPolicies(options: ValidatingPolicyOptions): Admission {
  const kinds = new Map(options.kinds.map((kind) => [`${kind.group}/${kind.resource}`, kind]));
  const compiled = new WeakMap<object, PolicyPrograms>();
  return {
    async admit(operation) {
      // Policies about policies could make it impossible to mend them.
      if (operation.apiGroup === admissionGroup) return requireCompiling(operation);
      const bound = options.bound();
      if (bound.length === 0) return;
      const kind = kinds.get(`${operation.apiGroup}/${operation.resource}`);
      await new Dispatch(options, operation, kind, compiled).run(bound);
    },
  };
}

async function requireCompiling({ resource, subresource, name, next }: AdmissionOperation): Promise<void> {
  if (resource !== validatingAdmissionPolicyKind.resource || subresource !== "" || next === undefined) return;
  // The door's own tree, by the contract of AdmissionOperation.
  const { errors } = compilePolicy(next as JsonObject, await loadCel());
  requireValid(validatingAdmissionPolicyKind, name, errors);
}

interface Denial {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly failure: PolicyFailure;
}

/** One change on its way through the policies. */
class Dispatch {
  readonly #options: ValidatingPolicyOptions;
  readonly #operation: AdmissionOperation;
  readonly #kind: Kind | undefined;
  readonly #compiled: WeakMap<object, PolicyPrograms>;
  readonly #next: Readonly<JsonObject> | undefined;
  readonly #previous: Readonly<JsonObject> | undefined;
  readonly #denials: Denial[] = [];
  #seen: EvaluatedChange | undefined;

  constructor(
    options: ValidatingPolicyOptions,
    operation: AdmissionOperation,
    kind: Kind | undefined,
    compiled: WeakMap<object, PolicyPrograms>,
  ) {
    this.#options = options;
    this.#operation = operation;
    this.#kind = kind;
    this.#compiled = compiled;
    // The door's own trees, by the contract of AdmissionOperation.
    [this.#next, this.#previous] = [operation.next, operation.previous] as (JsonObject | undefined)[];
  }

  /** Raises what the first policy in order of names denies. */
  async run(bound: readonly BoundPolicy[]): Promise<void> {
    const namespace = await this.#namespace();
    const change = this.#change(namespace);
    for (const policy of bound) {
      const spec = objectField(policy.policy, "spec");
      if (matchesResources(spec["matchConstraints"], change)) await this.#apply(policy, spec, change, namespace);
    }
    const [denial] = this.#denials;
    if (denial !== undefined) throw this.#error(denial);
  }

  async #apply(
    { name, policy, bindings }: BoundPolicy,
    spec: Readonly<JsonObject>,
    change: MatchedChange,
    namespace: Readonly<JsonObject> | undefined,
  ): Promise<void> {
    const programs = await this.#programs(policy);
    const annotations = new Map<string, Set<string>>();
    for (const { name: binding, binding: tree } of bindings) {
      const allowance = new CostAllowance();
      const bindingSpec = objectField(tree, "spec");
      if (!matchesResources(bindingSpec["matchResources"], change)) continue;
      try {
        for (const params of await collectParams(this.#options, spec, bindingSpec, this.#operation.namespace)) {
          const seen = { ...this.#evaluated(namespace), ...(spec["paramKind"] === undefined ? {} : { params }) };
          const evaluated = evaluatePolicy(programs, seen, allowance);
          const actions = stringsField(bindingSpec, "validationActions");
          this.#take({ policy: name, binding, spec, actions }, evaluated.failures);
          for (const { key, value } of evaluated.annotations) {
            annotations.set(key, (annotations.get(key) ?? new Set<string>()).add(value));
          }
        }
      } catch (error) {
        if (!isStrongroomError(error, "invalid")) throw error;
        if (stringField(spec, "failurePolicy") === "Ignore") continue;
        const message = `failed to configure binding: ${error.message}`;
        this.#denials.push({
          policy: name,
          binding,
          failure: { message, reason: "Invalid", index: -1, isError: true },
        });
      }
    }
    for (const [key, values] of annotations) this.#operation.annotate(`${name}/${key}`, [...values].join(", "));
  }

  #take(
    of: {
      readonly policy: string;
      readonly binding: string;
      readonly spec: Readonly<JsonObject>;
      readonly actions: readonly string[];
    },
    failures: readonly PolicyFailure[],
  ): void {
    const { policy, binding, spec, actions } = of;
    for (const failure of failures) {
      if (failure.isError && stringField(spec, "failurePolicy") === "Ignore") continue;
      if (actions.includes("Deny")) this.#denials.push({ policy, binding, failure });
      if (actions.includes("Audit")) this.#audit(of, failure);
      if (actions.includes("Warn")) {
        const where = `ValidatingAdmissionPolicy '${policy}' with binding '${binding}'`;
        this.#operation.warn(`Validation failed for ${where}: ${failure.message}`);
      }
    }
  }

  #audit(
    {
      policy,
      binding,
      actions,
    }: { readonly policy: string; readonly binding: string; readonly actions: readonly string[] },
    { message, index }: PolicyFailure,
  ): void {
    const value = [{ message, policy, binding, expressionIndex: index, validationActions: actions }];
    this.#operation.annotate("validation.policy.admission.k8s.io/validation_failure", JSON.stringify(value));
  }

  async #programs(policy: Readonly<JsonObject>): Promise<PolicyPrograms> {
    const known = this.#compiled.get(policy);
    if (known !== undefined) return known;
    // One that was stored when more was known of expressions fails where it is asked.
    const { programs } = compilePolicy(policy, await loadCel());
    this.#compiled.set(policy, programs);
    return programs;
  }

  async #namespace(): Promise<Readonly<JsonObject> | undefined> {
    const { apiGroup, resource, namespace } = this.#operation;
    if (apiGroup === "" && resource === "namespaces") return this.#next ?? this.#previous;
    if (namespace === "") return undefined;
    const stored = await this.#options.storage(namespaceKind).get("", namespace);
    if (stored === undefined) throw notFound({ group: "", resource: "namespaces", name: namespace });
    return stored.header();
  }

  #change(namespace: Readonly<JsonObject> | undefined): MatchedChange {
    const { operation, apiGroup, resource, subresource, name } = this.#operation;
    const trees = [this.#next, this.#previous].flatMap((tree) => (tree === undefined ? [] : [tree]));
    return {
      operation: operationNames[operation],
      apiGroup,
      apiVersion: this.#kind?.version ?? "v1",
      resource,
      subresource,
      namespace: this.#operation.namespace,
      name,
      labels: trees.map((tree) => objectField(metadataOf(tree), "labels")),
      namespaceLabels: namespace && objectField(metadataOf(namespace), "labels"),
    };
  }

  /** The same for every policy. */
  #evaluated(namespace: Readonly<JsonObject> | undefined): EvaluatedChange {
    this.#seen ??= this.#see(namespace);
    return this.#seen;
  }

  #see(namespace: Readonly<JsonObject> | undefined): EvaluatedChange {
    const { apiGroup, resource } = this.#operation;
    const isNamespace = apiGroup === "" && resource === "namespaces";
    return {
      object: expressionObject(this.#next, this.#kind),
      oldObject: expressionObject(this.#previous, this.#kind),
      namespaceObject: isNamespace ? null : expressionObject(namespace, namespaceKind),
      request: requestOf(this.#operation, this.#kind),
    };
  }

  #error({ policy, binding, failure }: Denial): ApiError {
    const { apiGroup, resource, name } = this.#operation;
    const where = binding === undefined ? "" : ` with binding '${binding}'`;
    const message = `ValidatingAdmissionPolicy '${policy}'${where} denied request: ${failure.message}`;
    const error = forbidden({ group: apiGroup, resource, name }, message);
    return new ApiError(codes[failure.reason], failure.reason, error.message, {
      details: { ...error.details, causes: [{ message }] },
    });
  }
}

const operationNames = { create: "CREATE", update: "UPDATE", delete: "DELETE" } as const;
const codes = { Forbidden: 403, Invalid: 422, RequestEntityTooLarge: 413 } as const;

/** The `request` of expressions, as an AdmissionRequest has it. */
function requestOf(operation: AdmissionOperation, kind: Kind | undefined) {
  const { user, apiGroup, resource, subresource, namespace, name, dryRun } = operation;
  const version = kind?.version ?? "v1";
  const resourceName = { group: apiGroup, version, resource };
  const kindName = { group: apiGroup, version, kind: kind?.kind ?? "" };
  return {
    kind: kindName,
    resource: resourceName,
    subResource: subresource,
    requestKind: kindName,
    requestResource: resourceName,
    requestSubResource: subresource,
    name,
    namespace,
    operation: operationNames[operation.operation],
    userInfo: {
      username: user.name,
      uid: user.uid ?? "",
      groups: [...user.groups],
      extra: Object.fromEntries([...user.extra].map(([key, values]) => [key, [...values]])),
    },
    dryRun,
    options: {},
  };
}
