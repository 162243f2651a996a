/** What is stored now of an object that a record names. */
import { readable } from "../../core/object-range.ts";
import type { Kind } from "./kinds/kind.ts";
import type { KindStorage } from "./storage/kind-storage.ts";
import { stringField } from "./validation/object-fields.ts";

/** As a record names an object. */
interface Reference {
  readonly apiGroup?: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Resolves to undefined where there is no such object, to `unknown` for a kind that is not served, a record without a name, and an object that cannot be read. */
export function objectStates(kinds: readonly Kind[], storage: (kind: Kind) => KindStorage) {
  return async ({ apiGroup = "", resource, namespace = "", name = "" }: Reference) => {
    const kind = kinds.find((each) => each.group === apiGroup && each.resource === resource);
    if (kind === undefined || name === "") return "unknown";
    let isUnreadable = false;
    const object = await readable(
      () => storage(kind).get(namespace, name),
      () => (isUnreadable = true),
    );
    if (isUnreadable) return "unknown";
    if (object === undefined) return undefined;
    return { uid: stringField(object.metadata(), "uid"), resourceVersion: String(object.revision) };
  };
}
