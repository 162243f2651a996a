/**
 * The objects of a kind that a caller may get one by one, for lists and watches that are content with those.
 *
 * Which objects to look at is told by the rights of the caller where they can say so, and by nothing that is stored: a
 * hidden object is not even read, so that neither time nor the length of a page tells of it.
 */
import type { Labels } from "../../../access/policy/secret-policy.ts";
import type { Reach, ResourceAttributes } from "../../../access/authorizer.ts";
import { unionOfReaches } from "../../../access/reach.ts";
import { RightsChangedError } from "../../../gate/open-streams.ts";
import { metadataSubresource } from "../kinds/kind.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { isPathSegment } from "../verbs/verb-context.ts";
import type { VerbContext } from "../verbs/verb-context.ts";

type Place = Pick<StoredObject, "namespace" | "name">;

export interface VisibleObjects {
  /** No other object is visible. */
  readonly reach: Reach;
  /**
   * Whether the caller may get an object. Decides by its name: a policy that looks at labels does at those that are stored
   * now, or at these.
   */
  sees(object: Place, labels?: Labels): Promise<boolean>;
  /** Raises {@link RightsChangedError} when other objects may be visible than at first. */
  requireSame(): Promise<void>;
}

/** What is visible in the place that the request is about; `withoutValues` counts rights to metadata too. */
export async function visibleObjects(
  { gate, kind, target }: Pick<VerbContext, "gate" | "kind" | "target">,
  withoutValues: boolean,
): Promise<VisibleObjects> {
  const asked = (subresource: string, { namespace, name }: Place): ResourceAttributes => {
    const resource = { ...target, resource: kind.resource, subresource, namespace, name };
    return { user: gate.user, verb: "get", resource, path: undefined };
  };
  const subresources = withoutValues ? ["", metadataSubresource] : [""];
  const place = { namespace: target.namespace, name: "" };
  const reachNow = async () =>
    possible(
      unionOfReaches(await Promise.all(subresources.map((subresource) => gate.reach(asked(subresource, place))))),
    );
  const reach = await reachNow();
  return {
    reach,
    async sees(object, labels) {
      for (const subresource of subresources) {
        const attributes = { ...asked(subresource, object), ...(labels !== undefined && { labels }) };
        if ((await gate.decide(attributes)).type === "allow") return true;
      }
      return false;
    },
    async requireSame() {
      const now = await reachNow();
      if (now === "unknown" || JSON.stringify(now) !== JSON.stringify(reach)) throw new RightsChangedError();
    },
  };
}

/** Rules may name what no object can be called. */
function possible(reach: Reach): Reach {
  if (typeof reach === "string") return reach;
  const canBe = (name: string) => name !== "" && isPathSegment(name);
  return reach.map(({ namespace, names }) => ({ namespace, names: names === "all" ? names : names.filter(canBe) }));
}
