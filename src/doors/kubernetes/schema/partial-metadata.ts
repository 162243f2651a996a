/** PartialObjectMetadata and its list. Source: apimachinery pkg/apis/meta/v1/types.go. */
import { ListMeta, ObjectMeta } from "./meta-v1.ts";
import type { Message } from "./schema.ts";

/** An object reduced to its metadata. */
export const PartialObjectMetadata: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata",
  goName: "PartialObjectMetadata",
  description: "An object's metadata without its content.",
  fields: [
    {
      name: "metadata",
      number: 1,
      type: { kind: "message", message: () => ObjectMeta },
      description: "Standard object metadata.",
    },
  ],
};

/** A list of them. */
export const PartialObjectMetadataList: Message = {
  name: "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList",
  goName: "PartialObjectMetadataList",
  description: "A list of objects reduced to their metadata.",
  fields: [
    {
      name: "metadata",
      number: 1,
      type: { kind: "message", message: () => ListMeta },
      description: "Standard list metadata.",
    },
    {
      name: "items",
      number: 2,
      type: {
        kind: "list",
        item: { kind: "message", message: () => PartialObjectMetadata },
        listType: "atomic",
      },
      description: "The objects.",
      alwaysEncoded: true,
    },
  ],
};
