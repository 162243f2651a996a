/**
 * The types of core/v1 this server stores.
 *
 * Names, numbers, order, list types and merge keys: kubernetes/api core/v1
 * types.go and generated.proto, release 1.34. Descriptions are ours. Fields stand
 * in the order of the Go structs, which is the order in which JSON is written.
 */
import type { Message } from "./schema.ts";
import { atomicListOf, field, mapOf, mergedMapListOf, nested, scalar } from "./field-builders.ts";
import { ListMeta, ObjectMeta } from "./meta-v1.ts";

const text = scalar("string");
const objectMetadata = field(
  "metadata",
  1,
  nested(() => ObjectMeta),
  "Name, labels, annotations and what else every object has.",
  { alwaysEncoded: true },
);
const listMetadata = field(
  "metadata",
  1,
  nested(() => ListMeta),
  "Version of the list and how to read on.",
  { alwaysEncoded: true },
);

/** Values that are kept apart from what uses them, because they must not be read by everyone. */
export const Secret: Message = {
  name: "io.k8s.api.core.v1.Secret",
  goName: "Secret",
  description:
    "Secret holds values that only few may read: passwords, keys, tokens, certificates. All values together may have at most 1 MiB. Values are stored encrypted.",
  fields: [
    objectMetadata,
    field(
      "immutable",
      5,
      scalar("bool"),
      "If true, data and type can no longer be changed, only metadata; nor can this be set back. The Secret can still be deleted.",
      { optional: true },
    ),
    field(
      "data",
      2,
      mapOf("bytes"),
      "The values, each encoded in base64. Keys consist of letters, digits, `-`, `_` and `.`.",
    ),
    field(
      "stringData",
      4,
      mapOf("string"),
      "Values given as plain text, for writing only: each is encoded into data under the same key, replacing what is there, and never returned.",
      { writeOnly: true },
    ),
    field(
      "type",
      3,
      text,
      "What the Secret is for: Opaque (the default), one of the kubernetes.io types, which ask for certain keys in data, or a name of your own. It can not be changed later.",
      { goType: "v1.SecretType" },
    ),
  ],
};

/** Several Secrets. */
export const SecretList: Message = {
  name: "io.k8s.api.core.v1.SecretList",
  goName: "SecretList",
  description: "SecretList is a list of Secrets. Reading it discloses the values of all of them.",
  fields: [
    listMetadata,
    field("items", 2, atomicListOf(nested(() => Secret)), "The Secrets.", {
      required: true,
      alwaysEncoded: true,
    }),
  ],
};

/** A room for names, and the unit to which rights are given. */
export const Namespace: Message = {
  name: "io.k8s.api.core.v1.Namespace",
  goName: "Namespace",
  description:
    "Namespace is a room for names: objects in different namespaces may have the same name, and rights are given by namespace. Deleting it deletes everything in it.",
  fields: [
    objectMetadata,
    field(
      "spec",
      2,
      nested(() => NamespaceSpec),
      "What holds up the removal of the namespace.",
      {
        alwaysEncoded: true,
      },
    ),
    field(
      "status",
      3,
      nested(() => NamespaceStatus),
      "Where the namespace is in its life. Set by the server.",
      {
        alwaysEncoded: true,
      },
    ),
  ],
};

/** Several Namespaces. */
export const NamespaceList: Message = {
  name: "io.k8s.api.core.v1.NamespaceList",
  goName: "NamespaceList",
  description: "NamespaceList is a list of Namespaces.",
  fields: [
    listMetadata,
    field("items", 2, atomicListOf(nested(() => Namespace)), "The Namespaces.", {
      required: true,
      alwaysEncoded: true,
    }),
  ],
};

/** What is asked of a namespace. */
export const NamespaceSpec: Message = {
  name: "io.k8s.api.core.v1.NamespaceSpec",
  goName: "NamespaceSpec",
  description: "NamespaceSpec says what must be done before a namespace may be removed.",
  fields: [
    field(
      "finalizers",
      1,
      atomicListOf(text),
      "Names that must all be taken out, through the finalize subresource, before the namespace is removed from the store.",
      { goType: "[]v1.FinalizerName" },
    ),
  ],
};

/** What is observed of a namespace. */
export const NamespaceStatus: Message = {
  name: "io.k8s.api.core.v1.NamespaceStatus",
  goName: "NamespaceStatus",
  description: "NamespaceStatus says where a namespace is in its life.",
  fields: [
    field("phase", 1, text, "Active, or Terminating once deletion was asked for.", {
      goType: "v1.NamespacePhase",
    }),
    field(
      "conditions",
      2,
      mergedMapListOf(
        nested(() => NamespaceCondition),
        "type",
      ),
      "What the removal of a terminating namespace is waiting for.",
    ),
  ],
};

/** One observation about a namespace. */
export const NamespaceCondition: Message = {
  name: "io.k8s.api.core.v1.NamespaceCondition",
  goName: "NamespaceCondition",
  description: "NamespaceCondition is one observation about a namespace.",
  fields: [
    field("type", 1, text, "What is observed, e.g. NamespaceContentRemaining.", {
      required: true,
      alwaysEncoded: true,
      goType: "v1.NamespaceConditionType",
    }),
    field("status", 2, text, "Whether it holds: True, False or Unknown.", {
      required: true,
      alwaysEncoded: true,
      goType: "v1.ConditionStatus",
    }),
    field("lastTransitionTime", 4, scalar("time"), "When status last changed."),
    field("reason", 5, text, "Why status last changed, in one word for programs."),
    field("message", 6, text, "Why status last changed, for people."),
  ],
};
