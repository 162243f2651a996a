/**
 * What strategic merge needs to know of a field, looked up by its JSON name.
 *
 * Source: apimachinery pkg/util/strategicpatch/meta.go and
 * third_party/forked/golang/json/fields.go, whose texts are kept.
 */
import { goQuote } from "../codec/go-quote.ts";
import type { Field, FieldType, Message } from "../schema/schema.ts";
import { PatchError } from "./patch-error.ts";

/** The type at a point of the tree: a message, or something that has no named fields. */
export type MergeType = Message | FieldType;

export interface MergeField {
  /** Of the value, for objects; of the items, for lists. */
  readonly type: MergeType;
  /** Lists of strategy `merge` are merged, all else is replaced. */
  readonly merges: boolean;
  /** "" for lists of scalars, and for lists that are replaced. */
  readonly mergeKey: string;
}

/** The facts of an object's field `key`; raises {@link PatchError} `bad-patch` when there is none. */
export function lookupObject(type: MergeType, key: string): MergeField {
  return { type: messageOf(fieldOf(type, key).type), merges: false, mergeKey: "" };
}

/** The facts of an object's field `key` that is a list; raises {@link PatchError} `bad-patch` when it is none. */
export function lookupList(type: MergeType, key: string): MergeField {
  const list = fieldOf(type, key).type;
  if (list.kind !== "list") throw new PatchError("bad-patch", "expected slice or array type, but got: struct");
  return {
    type: messageOf(list.item),
    merges: list.patchStrategy === "merge",
    mergeKey: list.patchMergeKey ?? "",
  };
}

/** The word for a type in a text of upstream. */
export function goKindOf(type: MergeType): string {
  if (!("kind" in type)) return "struct";
  if (type.kind === "list") return "slice";
  if (type.kind === "scalar") return type.scalar === "bytes" ? "slice" : type.scalar;
  return type.kind === "map" ? "map" : "struct";
}

function fieldOf(type: MergeType, key: string): Field {
  if ("kind" in type) {
    const text = `merging an object in json but data type is not struct, instead is: ${goKindOf(type)}`;
    throw new PatchError("bad-patch", text);
  }
  const field = type.fields.find(({ name }) => name === key);
  if (field !== undefined) return field;
  const text = `unable to find api field in struct ${type.goName} for the json field ${goQuote(key)}`;
  throw new PatchError("bad-patch", text);
}

function messageOf(type: FieldType): MergeType {
  return type.kind === "message" ? type.message() : type;
}
