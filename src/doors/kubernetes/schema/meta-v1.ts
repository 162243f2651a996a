/**
 * The types of meta/v1 that every kind shares.
 *
 * Names, numbers, order, list types and merge keys: kubernetes/apimachinery
 * pkg/apis/meta/v1 types.go and generated.proto, release 1.34. Descriptions are
 * ours. Fields stand in the order of the Go structs, which is the order in which
 * JSON is written. `apiVersion` and `kind` belong to no table: they are handled
 * beside the schema, as in protobuf.
 */
import type { Message } from "./schema.ts";
import { atomicListOf, field, mapOf, mergedMapListOf, mergedSetOf, nested, scalar } from "./field-builders.ts";

const text = scalar("string");
const flag = scalar("bool");
const time = scalar("time");

/** Names, identity, versions and bookkeeping of one object. */
export const ObjectMeta: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
  goName: "ObjectMeta",
  description:
    "ObjectMeta holds what every stored object has: its names and identity, the labels and annotations its users give it, and what the server notes about its life.",
  fields: [
    field(
      "name",
      1,
      text,
      "Name of the object, unique among the objects of its kind in its namespace. Needed on create unless generateName is given. It can not be changed later.",
    ),
    field(
      "generateName",
      2,
      text,
      "Prefix from which the server makes a unique name by appending random characters, used only when name is empty. The final name is returned in name; the prefix may be cut to leave room for the suffix.",
    ),
    field(
      "namespace",
      3,
      text,
      "Namespace that contains the object, a DNS label. Empty for kinds that live at the cluster scope. It can not be changed later.",
    ),
    field("selfLink", 4, text, "Deprecated: a path that the server used to fill in and no longer does."),
    field(
      "uid",
      5,
      text,
      "Identity of this very object, given by the server on create. An object deleted and created again under the same name has another uid. Read-only.",
      { goType: "types.UID" },
    ),
    field(
      "resourceVersion",
      6,
      text,
      "Version of the stored object, set by the server at each change. Send it back on update so that the write fails when somebody else has changed the object meanwhile. Treat it as opaque.",
    ),
    field(
      "generation",
      7,
      scalar("int64"),
      "Counter of changes to the desired state, for kinds that keep one. Read-only.",
    ),
    field("creationTimestamp", 8, time, "When the server created the object: RFC 3339, UTC, whole seconds. Read-only."),
    field(
      "deletionTimestamp",
      9,
      time,
      "When deletion was asked for, plus the grace period. While it is set the object is terminating: it goes away once its finalizers are gone, and this can not be undone. Read-only.",
      { optional: true },
    ),
    field(
      "deletionGracePeriodSeconds",
      10,
      scalar("int64"),
      "Seconds the object is given to end gracefully before it is removed. Only set together with deletionTimestamp; may only be shortened. Read-only.",
      { optional: true },
    ),
    field(
      "labels",
      11,
      mapOf("string"),
      "Keys and values by which objects are grouped and selected. Keys are qualified names, values have at most 63 characters.",
    ),
    field(
      "annotations",
      12,
      mapOf("string"),
      "Free notes of tools and people. Not selectable; all keys and values together may have at most 256 KiB.",
    ),
    field(
      "ownerReferences",
      13,
      mergedMapListOf(
        nested(() => OwnerReference),
        "uid",
      ),
      "Objects this one depends on. When all of them are gone, this object is collected as garbage. At most one may be the managing controller.",
    ),
    field(
      "finalizers",
      14,
      mergedSetOf(text),
      "Names of the components that must finish their cleaning before the object is removed. Each component takes its own name out; none can be added once deletion has begun.",
    ),
    field(
      "managedFields",
      17,
      atomicListOf(nested(() => ManagedFieldsEntry)),
      "Which manager set which fields, kept by the server for server-side apply. There is seldom a reason to write it.",
    ),
  ],
};

/** Versions and paging of a list. */
export const ListMeta: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
  goName: "ListMeta",
  description: "ListMeta says at which version a list was read and how to read on.",
  fields: [
    field("selfLink", 1, text, "Deprecated: a path that the server used to fill in and no longer does."),
    field(
      "resourceVersion",
      2,
      text,
      "Version of the store at which the list was read; a watch may start from it. Treat it as opaque.",
    ),
    field(
      "continue",
      3,
      text,
      "Token for the next page, present when a limit cut the list. Send it back with the same query; it expires with the history of the store.",
    ),
    field(
      "remainingItemCount",
      4,
      scalar("int64"),
      "How many items follow this page. Absent when the list is complete or was selected by labels or fields. An estimate.",
      { optional: true },
    ),
  ],
};

/** The object another one depends on. */
export const OwnerReference: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
  goName: "OwnerReference",
  description:
    "OwnerReference identifies an object in the same namespace, or at the cluster scope, on which this object depends.",
  mapType: "atomic",
  fields: [
    field("apiVersion", 5, text, "API version of the owner, e.g. apps/v1.", {
      required: true,
      alwaysEncoded: true,
    }),
    field("kind", 1, text, "Kind of the owner.", { required: true, alwaysEncoded: true }),
    field("name", 3, text, "Name of the owner.", { required: true, alwaysEncoded: true }),
    field("uid", 4, text, "Uid of the owner: a namesake created later is not the owner.", {
      required: true,
      alwaysEncoded: true,
      goType: "types.UID",
    }),
    field("controller", 6, flag, "Whether the owner is the controller that manages this object.", {
      optional: true,
    }),
    field(
      "blockOwnerDeletion",
      7,
      flag,
      "Whether a foreground deletion of the owner waits until this object is gone. Setting it needs the right to delete the owner.",
      { optional: true },
    ),
  ],
};

/** The fields one manager owns. */
export const ManagedFieldsEntry: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry",
  goName: "ManagedFieldsEntry",
  description: "ManagedFieldsEntry lists the fields that one manager has set, by one operation.",
  fields: [
    field("manager", 1, text, "Name of the manager, e.g. kubectl-client-side-apply."),
    field("operation", 2, text, "How the fields were set: Apply or Update.", {
      goType: "v1.ManagedFieldsOperationType",
    }),
    field("apiVersion", 3, text, "API version of the object in which the fields are named."),
    field("time", 4, time, "When the manager last added or changed one of its fields.", { optional: true }),
    field("fieldsType", 6, text, "Format of the list of fields; always FieldsV1."),
    field(
      "fieldsV1",
      7,
      scalar("fieldsV1"),
      "The fields as a tree: `f:NAME` for a field, `k:{...}` for a list item by its keys, `v:VALUE` for an item of a set, `.` for the field itself.",
      { optional: true },
    ),
    field("subresource", 8, text, "Subresource the write went through; empty for the object itself."),
  ],
};

/** The answer to a request that returns no object: a failure, or a success without a body of its own. */
export const Status: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
  goName: "Status",
  description: "Status is the answer to a request that returns no other object, failures above all.",
  fields: [
    field(
      "metadata",
      1,
      nested(() => ListMeta),
      "Paging data, where the answer continues a list.",
      {
        alwaysEncoded: true,
      },
    ),
    field("status", 2, text, "Success or Failure."),
    field("message", 3, text, "What happened, for people."),
    field("reason", 4, text, "What happened, in one word for programs, e.g. NotFound or Conflict.", {
      goType: "v1.StatusReason",
    }),
    field(
      "details",
      5,
      nested(() => StatusDetails),
      "More about the reason; which fields are set depends on it.",
      { optional: true },
    ),
    field("code", 6, scalar("int32"), "The HTTP status code of the answer."),
  ],
};

/** What a failure was about. */
export const StatusDetails: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails",
  goName: "StatusDetails",
  description: "StatusDetails names the object a Status is about and the single causes of a failure.",
  fields: [
    field("name", 1, text, "Name of the object the answer is about."),
    field("group", 2, text, "API group of the object the answer is about."),
    field("kind", 3, text, "Kind of the object; for most reasons the name of the resource instead."),
    field("uid", 6, text, "Uid of the object the answer is about.", { goType: "types.UID" }),
    field(
      "causes",
      4,
      atomicListOf(nested(() => StatusCause)),
      "The single things that are wrong, where there can be several.",
    ),
    field("retryAfterSeconds", 5, scalar("int32"), "Seconds to wait before the request is tried again."),
  ],
};

/** One thing that is wrong. */
export const StatusCause: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause",
  goName: "StatusCause",
  description: "StatusCause is one of the things that made a request fail.",
  fields: [
    field("reason", 1, text, "What is wrong, in one word for programs.", { goType: "v1.CauseType" }),
    field("message", 2, text, "What is wrong, for people."),
    field("field", 3, text, "Path of the field that is wrong, e.g. `name` or `items[0].name`."),
  ],
};

/** How an object is to be deleted. */
export const DeleteOptions: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
  goName: "DeleteOptions",
  description: "DeleteOptions says under which conditions, how fast and with which dependents an object is deleted.",
  fields: [
    field(
      "gracePeriodSeconds",
      1,
      scalar("int64"),
      "Seconds the object is given to end gracefully; 0 deletes at once. Absent takes the default of the kind.",
      { optional: true },
    ),
    field(
      "preconditions",
      2,
      nested(() => Preconditions),
      "What must hold for the deletion to happen; else the answer is 409 Conflict.",
      { optional: true },
    ),
    field(
      "orphanDependents",
      3,
      flag,
      "Deprecated: use propagationPolicy. Whether dependents are kept. Not both may be given.",
      { optional: true },
    ),
    field(
      "propagationPolicy",
      4,
      text,
      "What happens to dependents: Orphan keeps them, Background deletes them after the object, Foreground before it.",
      { optional: true, goType: "v1.DeletionPropagation" },
    ),
    field(
      "dryRun",
      5,
      atomicListOf(text),
      "With the single value All the request is checked in full but changes nothing.",
    ),
    field(
      "ignoreStoreReadErrorWithClusterBreakingPotential",
      6,
      flag,
      "Removes an object that can no longer be read from the store, without looking at finalizers or preconditions. Dangerous: use it only when you know that nothing relies on its orderly deletion.",
      { optional: true },
    ),
  ],
};

/** What must hold before a write. */
export const Preconditions: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions",
  goName: "Preconditions",
  description: "Preconditions must hold for a write to happen.",
  fields: [
    field("uid", 1, text, "The uid the object must have.", { optional: true, goType: "types.UID" }),
    field("resourceVersion", 2, text, "The resourceVersion the object must have.", { optional: true }),
  ],
};

/** A choice of objects by their labels. */
export const LabelSelector: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
  goName: "LabelSelector",
  description:
    "LabelSelector chooses objects by their labels. All conditions must hold; an empty selector chooses everything, an absent one nothing.",
  mapType: "atomic",
  fields: [
    field("matchLabels", 1, mapOf("string"), "Labels an object must have, with exactly these values."),
    field(
      "matchExpressions",
      2,
      atomicListOf(nested(() => LabelSelectorRequirement)),
      "Further conditions on single labels.",
    ),
  ],
};

/** One condition on one label. */
export const LabelSelectorRequirement: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement",
  goName: "LabelSelectorRequirement",
  description: "LabelSelectorRequirement is one condition on one label.",
  fields: [
    field("key", 1, text, "Key of the label.", { required: true, alwaysEncoded: true }),
    field("operator", 2, text, "In, NotIn, Exists or DoesNotExist.", {
      required: true,
      alwaysEncoded: true,
      goType: "v1.LabelSelectorOperator",
    }),
    field(
      "values",
      3,
      atomicListOf(text),
      "Values to compare with: at least one for In and NotIn, none for Exists and DoesNotExist.",
    ),
  ],
};
