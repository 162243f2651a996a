/**
 * The one description of a type of the Kubernetes API from which everything is
 * read: strict JSON decoding, the protobuf codec, strategic merge, server-side
 * apply and the OpenAPI documents. Data, not code: a kind is added by a table.
 *
 * Source of names and numbers: kubernetes/api and kubernetes/apimachinery,
 * generated.proto of each package.
 */

/** A leaf of a message, named by its Go type's behaviour in JSON. */
export type ScalarType =
  | "string"
  /** []byte: standard padded base64 in JSON. */
  | "bytes"
  | "bool"
  | "int32"
  | "int64"
  | "double"
  /** metav1.Time: RFC 3339 in seconds, UTC; protobuf Timestamp{seconds 1, nanos 2}. */
  | "time"
  /** metav1.MicroTime: RFC 3339 with microseconds. */
  | "microTime"
  /** resource.Quantity: a string or number in JSON; message {string 1} in protobuf. */
  | "quantity"
  /** intstr.IntOrString: message {type 1, intVal 2, strVal 3} in protobuf. */
  | "intOrString"
  /** metav1.FieldsV1: any JSON object; message {Raw 1} in protobuf. */
  | "fieldsV1"
  /** runtime.RawExtension: any JSON object; message {raw 1} in protobuf. */
  | "rawExtension";

export type FieldType =
  | { readonly kind: "scalar"; readonly scalar: ScalarType }
  /** A function, so that messages may refer to each other in any order. */
  | { readonly kind: "message"; readonly message: () => Message }
  /** map<string, value>; `granular` maps merge by key, `atomic` ones as a whole. */
  | { readonly kind: "map"; readonly value: FieldType; readonly mapType: "granular" | "atomic" }
  | {
      readonly kind: "list";
      readonly item: FieldType;
      /** x-kubernetes-list-type: how server-side apply merges. */
      readonly listType: "atomic" | "set" | "map";
      /** x-kubernetes-list-map-keys, for listType map. */
      readonly mapKeys?: readonly string[];
      /** patchStrategy / patchMergeKey: how strategic merge patch merges; absent = replace. */
      readonly patchStrategy?: "merge";
      readonly patchMergeKey?: string;
      /** patchStrategy is `merge,retainKeys`: a patch names the keys of an item that stay. */
      readonly retainKeys?: true;
    };

export interface Field {
  /** Name in JSON. */
  readonly name: string;
  /** Field number in protobuf. */
  readonly number: number;
  /**
   * In protobuf the field stands in a message of its own at this number: the struct that Go embeds (a Volume's
   * VolumeSource); with several numbers, in one inside of the other. JSON has its fields side by side with the others.
   */
  readonly within?: readonly number[];
  readonly type: FieldType;
  /** Our own words, for OpenAPI and `kubectl explain`. */
  readonly description: string;
  /** In OpenAPI's `required`. */
  readonly required?: boolean;
  /**
   * Go pointer (or proto `optional`) semantics: absent and zero differ, and zero is written. Fields that are
   * neither optional nor in `alwaysEncoded` are left out of JSON when zero (omitempty).
   */
  readonly optional?: boolean;
  /** Written in JSON even when zero (no omitempty in Go), e.g. SecretList.items, ListMeta. */
  readonly alwaysEncoded?: boolean;
  /** With alwaysEncoded: JSON has null where there is nothing (a Go slice or pointer without omitempty). */
  readonly nullable?: boolean;
  /** The value that OpenAPI publishes as the default; server-side apply reads it for the keys of lists. */
  readonly default?: string | number | boolean;
  /** Accepted on input, never stored nor returned (Secret.stringData). */
  readonly writeOnly?: boolean;
  /** The Go type that decode errors print where `type` does not tell it, e.g. `v1.SecretType`. */
  readonly goType?: string;
}

export interface Message {
  /** OpenAPI definition name, e.g. `io.k8s.api.core.v1.Secret`. */
  readonly name: string;
  /** The Go type's short name as decode errors print it, e.g. `Secret`, `ObjectMeta`. */
  readonly goName: string;
  readonly description: string;
  readonly fields: readonly Field[];
  /** x-kubernetes-map-type: server-side apply owns the message as a whole (OwnerReference, LabelSelector). */
  readonly mapType?: "atomic";
}
