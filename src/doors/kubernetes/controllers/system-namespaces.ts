import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { jsonObject } from "../codec/json.ts";
import { namespaceKind } from "../kinds/namespace.ts";
import { fillSystemFields } from "../kinds/system-fields.ts";
import type { KindStorage } from "../storage/kind-storage.ts";

/** The namespaces every cluster has. */
export const systemNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"] as const;

/** Creates those that are missing. */
export async function ensureSystemNamespaces(
  namespaces: KindStorage,
  facts: { readonly uuid: () => string; readonly now: () => Date },
): Promise<void> {
  for (const name of systemNamespaces) {
    if ((await namespaces.get("", name)) !== undefined) continue;
    const tree = jsonObject([["metadata", jsonObject([["name", name]])]]);
    fillSystemFields(tree, { uid: facts.uuid(), now: facts.now() });
    namespaceKind.strategy.prepareForCreate(tree);
    try {
      await namespaces.create(tree, { author: "system:apiserver", door: "kubernetes" });
    } catch (error) {
      if (!isStrongroomError(error, "already-exists")) throw error; // another replica was first
    }
  }
}
