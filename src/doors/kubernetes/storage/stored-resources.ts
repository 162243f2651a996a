import { objectPrefix, secretContentPlaces } from "../../../core/registry-keys.ts";
import type { Kind } from "../kinds/kind.ts";
import { secretKind } from "../kinds/secret.ts";

/** The resources that are stored, in the group that Kubernetes stores them in, each with the places of its records. */
export function storedResources(kinds: readonly Kind[]) {
  return kinds
    .filter(({ storedAs }) => storedAs === undefined)
    .map((kind) => ({
      group: kind.group,
      resource: kind.resource,
      places: [
        objectPrefix(kind.storedResource ?? kind.resource, ""),
        ...(kind === secretKind ? secretContentPlaces : []),
      ],
    }));
}
