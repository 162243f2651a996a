/** All objects of a kind, in the cluster or in one namespace, with what went wrong. */
import type { ApiConnection } from "./api-connection.ts";
import { ApiFailure } from "./api-failure.ts";
import { listPath } from "./discovery.ts";
import { listPages } from "./list-pages.ts";
import type { ListBounds } from "./list-pages.ts";
import { objectKey, observe } from "./observed-object.ts";
import type { Observed, Observing } from "./observed-object.ts";

/** What one list, and one watch, is about. */
export interface Scope extends Observing {
  /** "" for all. */
  readonly namespace: string;
}

export interface Listed {
  readonly scope: Scope;
  /** By {@link objectKey}; those of the pages before a failure are there too. */
  readonly objects: ReadonlyMap<string, Observed>;
  /** Where a watch goes on; "" after a failure. */
  readonly resourceVersion: string;
  readonly failure: ApiFailure | undefined;
}

export interface Listing {
  readonly signal: AbortSignal;
  readonly bounds?: ListBounds;
  /** After each page: how many objects so far, and how many more the cluster says there are. */
  readonly onPage?: (read: number, remaining: number | undefined) => void;
}

/** What is asked for where values must not leave the cluster. */
export const metadataList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
export const metadataObject = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";

/** Raises only what is no failure of the cluster, such as the reason of the signal. */
export async function listKind(connection: ApiConnection, scope: Scope, listing: Listing): Promise<Listed> {
  const { signal, bounds, onPage } = listing;
  const objects = new Map<string, Observed>();
  const target = {
    path: listPath(scope.served, scope.namespace),
    signal,
    ...(scope.onlyMetadata && { accept: metadataList }),
    ...(bounds !== undefined && { bounds }),
  };
  try {
    const resourceVersion = await listPages(connection, target, {
      restart: () => objects.clear(),
      page(items, { kind, remaining }) {
        if (scope.onlyMetadata && kind !== "PartialObjectMetadataList") {
          throw new ApiFailure("nonsense", "the cluster answered with whole objects where metadata was asked for");
        }
        const known = objects.size;
        for (const item of items) {
          const observed = observe(item, scope);
          objects.set(objectKey(observed), observed);
        }
        if (items.length > 0 && objects.size === known) {
          throw new ApiFailure("nonsense", "the cluster lists the same objects again and again");
        }
        onPage?.(objects.size, remaining);
      },
    });
    return { scope, objects, resourceVersion, failure: undefined };
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    return { scope, objects, resourceVersion: "", failure: error };
  }
}
