/** The requests of the verbs as writes to managedFields. */
import { fieldStep } from "../apply/field-path.ts";
import { setOf, union } from "../apply/field-set.ts";
import { trackUpdate } from "../apply/field-manager.ts";
import type { FieldWrite } from "../apply/field-manager.ts";
import { managerName } from "../apply/manager-name.ts";
import { ownershipRules } from "../apply/ownership-rules.ts";
import type { JsonObject } from "../codec/json.ts";
import { apiTime } from "../kinds/system-fields.ts";
import { objectField } from "../validation/object-fields.ts";
import type { VerbContext } from "./verb-context.ts";

/** The write of a request: its manager by the option or the User-Agent, now. */
export function fieldWrite(context: VerbContext, fieldManager: string): FieldWrite {
  const { subresource } = context.target;
  return {
    rules: ownershipRules(context.kind, subresource),
    manager: managerName(fieldManager, context.userAgent),
    subresource,
    time: apiTime(context.now()),
  };
}

/**
 * What notes who owns the fields of a new object, defaults included. To be made
 * from the tree as the client sent it; `prepare` then fills in the defaults, and
 * what it adds that is the server's own stays without owner.
 */
export function trackCreate(
  context: VerbContext,
  fieldManager: string,
  tree: JsonObject,
): (prepare: () => void) => void {
  const added = (context.kind.addedOnCreate ?? []).filter((path) => !hasField(tree, path));
  const write = fieldWrite(context, fieldManager);
  const ownerless = setOf(added.map((path) => path.map(fieldStep)));
  const rules = { ...write.rules, resetFields: union(write.rules.resetFields, ownerless) };
  return (prepare) => {
    prepare();
    trackUpdate({ ...write, rules }, undefined, tree);
  };
}

function hasField(tree: JsonObject, path: readonly string[]): boolean {
  const parent = path.slice(0, -1).reduce<Readonly<JsonObject>>(objectField, tree);
  return parent[path.at(-1) ?? ""] !== undefined;
}
