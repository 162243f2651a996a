/**
 * What a node may write: its own Node object without what steers pods to it, its lease, the status of the pods bound to
 * it, mirror pods that refer to nothing, and tokens bound to pods that run on it.
 *
 * Source: k/k plugin/pkg/admission/noderestriction/admission.go.
 */
import { nodeOf } from "../../../identity/node-user.ts";
import type { Attributes } from "../../../access/authorizer.ts";
import type { Admission, AdmissionOperation } from "../../../gate/admission.ts";
import { forbidden, notFound } from "../api-error.ts";
import { goQuote } from "../codec/go-quote.ts";
import { equalJson, isJsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { nodeKind } from "../kinds/node.ts";
import { podKind } from "../kinds/pod.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { metadataOf, objectField, objectsField, stringField, stringsField } from "../validation/object-fields.ts";
import { forbiddenNodeLabels } from "./node-labels.ts";
import { apiReferenceOf, isMirrorPod } from "./mirror-pod.ts";

/** The namespace of the leases of nodes. */
const leaseNamespace = "kube-node-lease";

interface NodeOperation extends AdmissionOperation {
  readonly node: string;
  readonly storage: (kind: Kind) => KindStorage;
}

/** By group and resource: what is asked of a node's change to it. */
const rules: ReadonlyMap<string, (operation: NodeOperation) => void | Promise<void>> = new Map([
  ["/pods", admitPod],
  ["/nodes", admitNode],
  ["/serviceaccounts", admitToken],
  ["coordination.k8s.io/leases", admitLease],
]);

/** Keeps nodes to what is theirs; others are not concerned. */
export function nodeRestriction(storage: (kind: Kind) => KindStorage): Admission {
  return {
    async admit(operation) {
      const node = nodeOf(operation.user);
      if (node === undefined) return;
      if (node === "") throw refused(operation, `could not determine node from user ${goQuote(operation.user.name)}`);
      await rules.get(`${operation.apiGroup}/${operation.resource}`)?.({ ...operation, node, storage });
    },
  };
}

function refused({ apiGroup, resource, name }: AdmissionOperation, why: string): Error {
  return forbidden({ group: apiGroup, resource, name }, why);
}

/** The door's own trees, by the contract of AdmissionOperation. */
function treeOf(tree: unknown): JsonObject {
  return tree as JsonObject;
}

function admitPod(operation: NodeOperation): void | Promise<void> {
  const { subresource, node } = operation;
  if (subresource === "status") return admitPodStatus(operation);
  if (subresource !== "") {
    const only = `unexpected pod subresource ${goQuote(subresource)}, only 'status' and 'eviction' are allowed`;
    throw refused(operation, only);
  }
  if (operation.operation === "create") return admitMirrorPod(operation);
  if (operation.operation === "delete") {
    if (nodeNameOf(treeOf(operation.previous)) === node) return;
    throw refused(operation, `node ${goQuote(node)} can only delete pods with spec.nodeName set to itself`);
  }
  const what = `unexpected operation "UPDATE", node ${goQuote(node)} can only create and delete mirror pods`;
  throw refused(operation, what);
}

function nodeNameOf(pod: JsonObject): string {
  return stringField(objectField(pod, "spec"), "nodeName");
}

async function admitMirrorPod(operation: NodeOperation): Promise<void> {
  const node = goQuote(operation.node);
  const pod = treeOf(operation.next);
  if (!isMirrorPod(pod)) {
    const annotation = goQuote("kubernetes.io/config.mirror");
    throw refused(operation, `pod does not have ${annotation} annotation, node ${node} can only create mirror pods`);
  }
  if (nodeNameOf(pod) !== operation.node) {
    throw refused(operation, `node ${node} can only create pods with spec.nodeName set to itself`);
  }
  await requireOwnedByNode(operation, pod);
  const reference = apiReferenceOf(pod);
  if (reference !== undefined) throw refused(operation, `node ${node} can not create pods that reference ${reference}`);
}

async function requireOwnedByNode(operation: NodeOperation, pod: JsonObject): Promise<void> {
  const node = goQuote(operation.node);
  const [owner, ...more] = objectsField(metadataOf(pod), "ownerReferences");
  if (more.length > 0) {
    throw refused(operation, `node ${node} can only create pods with a single owner reference set to itself`);
  }
  const isNode =
    owner !== undefined && owner["apiVersion"] === "v1" && owner["kind"] === "Node" && owner["name"] === operation.node;
  if (!isNode) throw refused(operation, `node ${node} can only create pods with an owner reference set to itself`);
  if (owner["controller"] !== true) {
    throw refused(operation, `node ${node} can only create pods with a controller owner reference set to itself`);
  }
  if (owner["blockOwnerDeletion"] === true) {
    throw refused(operation, `node ${node} must not set blockOwnerDeletion on an owner reference`);
  }
  const stored = await operation.storage(nodeKind).get("", operation.node);
  if (stored === undefined) throw notFound({ group: "", resource: "nodes", name: operation.node });
  const [named, actual] = [stringField(owner, "uid"), stringField(stored.metadata(), "uid")];
  if (named !== actual)
    throw refused(operation, `node ${operation.node} UID mismatch: expected ${named} got ${actual}`);
}

function admitPodStatus(operation: NodeOperation): void {
  const node = goQuote(operation.node);
  const [pod, previous] = [treeOf(operation.next), treeOf(operation.previous)];
  if (nodeNameOf(previous) !== operation.node) {
    throw refused(operation, `node ${node} can only update pod status for pods with spec.nodeName set to itself`);
  }
  const labels = (tree: JsonObject) => ({ ...objectField(metadataOf(tree), "labels") });
  if (!equalJson(labels(pod), labels(previous))) {
    throw refused(operation, `node ${node} cannot update labels through pod status`);
  }
  const status = (tree: JsonObject, field: string) => objectField(tree, "status")[field] ?? [];
  if (!equalJson(status(pod, "resourceClaimStatuses"), status(previous, "resourceClaimStatuses"))) {
    throw refused(operation, `node ${node} cannot update resource claim statues`); // sic
  }
  if (!equalJson(status(pod, "extendedResourceClaimStatus"), status(previous, "extendedResourceClaimStatus"))) {
    throw refused(operation, `node ${node} cannot update extended resource claim status`);
  }
}

function admitNode(operation: NodeOperation): void {
  const node = goQuote(operation.node);
  if (operation.name !== operation.node) {
    throw refused(operation, `node ${node} is not allowed to modify node ${goQuote(operation.name)}`);
  }
  if (operation.operation === "create") {
    const labels = forbiddenNodeLabels(labelsOf(treeOf(operation.next)), {});
    if (labels.length === 0) return;
    throw refused(operation, `node ${node} is not allowed to set the following labels: ${labels.join(", ")}`);
  }
  if (operation.operation === "update") admitNodeUpdate(operation);
}

function admitNodeUpdate(operation: NodeOperation): void {
  const node = goQuote(operation.node);
  const [next, previous] = [treeOf(operation.next), treeOf(operation.previous)];
  const spec = (tree: JsonObject) => objectField(tree, "spec");
  const source = spec(next)["configSource"];
  if (source !== undefined && !equalJson(source, spec(previous)["configSource"] ?? null)) {
    throw refused(operation, `node ${node} is not allowed to update configSource to a new non-nil configSource`);
  }
  if (!equalJson(objectsField(spec(next), "taints"), objectsField(spec(previous), "taints"))) {
    throw refused(operation, `node ${node} is not allowed to modify taints`);
  }
  const owners = (tree: JsonObject) => objectsField(metadataOf(tree), "ownerReferences");
  if (!equalJson(owners(next), owners(previous))) {
    throw refused(operation, `node ${node} is not allowed to modify ownerReferences`);
  }
  const labels = forbiddenNodeLabels(labelsOf(next), labelsOf(previous));
  if (labels.length > 0) throw refused(operation, `is not allowed to modify labels: ${labels.join(", ")}`);
}

function labelsOf(tree: JsonObject): Readonly<JsonObject> {
  return objectField(metadataOf(tree), "labels");
}

/** A token that a node asks for is bound to a pod that runs on it, for an audience that the pod names. */
async function admitToken(operation: NodeOperation): Promise<void> {
  if (operation.operation !== "create" || operation.subresource !== "token") return;
  const spec = objectField(treeOf(operation.next), "spec");
  const bound = objectField(spec, "boundObjectRef");
  const name = stringField(bound, "name");
  if (bound["apiVersion"] !== "v1" || bound["kind"] !== "Pod" || name === "") {
    throw refused(operation, "node requested token not bound to a pod");
  }
  const uid = stringField(bound, "uid");
  if (uid === "") throw refused(operation, "node requested token with a pod binding without a uid");
  const stored = await operation.storage(podKind).get(operation.namespace, name);
  if (stored === undefined) throw notFound({ group: "", resource: "pods", name });
  if (stringField(stored.metadata(), "uid") !== uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record.`;
    throw refused(operation, `${why} The object might have been deleted and then recreated`);
  }
  const pod = stored.header();
  if (nodeNameOf(pod) !== operation.node) {
    throw refused(operation, "node requested token bound to a pod scheduled on a different node");
  }
  await requireAudience(operation, stringsField(spec, "audiences"), pod);
}

/** Drivers of volumes, whose objects are not kept here, name no audiences; a node may be given the right to one. */
async function requireAudience(operation: NodeOperation, audiences: readonly string[], pod: JsonObject): Promise<void> {
  if (audiences.length > 1) throw refused(operation, "node may only request 0 or 1 audiences");
  const [audience = ""] = audiences;
  const named = objectsField(objectField(pod, "spec"), "volumes")
    .flatMap((volume) => objectsField(objectField(volume, "projected"), "sources"))
    .map((source) => source["serviceAccountToken"])
    .some((token) => isJsonObject(token) && stringField(token, "audience") === audience);
  if (named) return;
  const { user, namespace, name } = operation;
  const attributes: Attributes = {
    user,
    verb: "request-serviceaccounts-token-audience",
    resource: { apiGroup: "", apiVersion: "v1", resource: audience, subresource: "", namespace, name },
    path: undefined,
  };
  if ((await operation.decide(attributes)).type === "allow") return;
  const why = `audience ${goQuote(audience)} not found in pod spec volume`;
  throw refused(operation, `${why}, ${user.name} is not authorized to request tokens for this audience`);
}

function admitLease(operation: NodeOperation): void {
  if (operation.namespace !== leaseNamespace) {
    throw refused(operation, `can only access leases in the ${goQuote(leaseNamespace)} system namespace`);
  }
  if (operation.name !== operation.node) {
    throw refused(operation, "can only access node lease with the same name as the requesting node");
  }
}
