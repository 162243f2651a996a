/**
 * One watch, as events. Source: apimachinery pkg/apis/meta/v1/watch.go, apiserver pkg/endpoints/handlers/watch.go.
 */
import { field, textField } from "../../facts/json-fields.ts";
import { refusalOf } from "./api-connection.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ApiFailure } from "./api-failure.ts";
import { listPath } from "./discovery.ts";
import { metadataObject } from "./list-kind.ts";
import type { Scope } from "./list-kind.ts";

export type WatchEvent =
  | { readonly type: "put" | "delete"; readonly object: unknown; readonly resourceVersion: string }
  /** Nothing before it is missing. */
  | { readonly type: "bookmark"; readonly resourceVersion: string };

export interface Watching {
  readonly signal: AbortSignal;
  /** After which the server ends the watch. */
  readonly seconds: number;
  /** The server has begun to answer. */
  readonly onOpen: () => void;
}

/** The server may be late to end a watch by so much. */
const graceMs = 30_000;

/**
 * What happens after `resourceVersion`, until the server ends the watch. Raises {@link ApiFailure}: `gone` when the cluster no longer
 * has what happened since.
 */
export async function* watchEvents(
  connection: ApiConnection,
  scope: Scope,
  resourceVersion: string,
  { signal, seconds, onOpen }: Watching,
): AsyncGenerator<WatchEvent> {
  const since = `resourceVersion=${encodeURIComponent(resourceVersion)}`;
  const path = `${listPath(scope.served, scope.namespace)}?watch=true&allowWatchBookmarks=true&timeoutSeconds=${seconds}&${since}`;
  const lines = connection.stream(path, {
    signal,
    msMax: seconds * 1000 + graceMs,
    onOpen,
    ...(scope.onlyMetadata && { accept: metadataObject }),
  });
  for await (const line of lines) yield eventOf(line, scope);
}

function eventOf(line: string, scope: Scope): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    throw new ApiFailure("nonsense", "the cluster sent an event that is no JSON");
  }
  const object = field(event, "object");
  const resourceVersion = textField(object, "metadata", "resourceVersion");
  switch (textField(event, "type")) {
    case "ADDED":
    case "MODIFIED":
      return { type: "put", object: checked(object, scope), resourceVersion };
    case "DELETED":
      return { type: "delete", object: checked(object, scope), resourceVersion };
    case "BOOKMARK":
      return { type: "bookmark", resourceVersion };
    case "ERROR":
      throw refusalOf(Number(field(object, "code") ?? 500), object);
    default:
      throw new ApiFailure("nonsense", "the cluster sent an event of a type that there is not");
  }
}

function checked(object: unknown, { onlyMetadata }: Scope): unknown {
  if (onlyMetadata && textField(object, "kind") !== "PartialObjectMetadata") {
    throw new ApiFailure("nonsense", "the cluster sent a whole object where metadata was asked for");
  }
  return object;
}
