/** All objects of our own store, and every change of them, for who makes something of them: without values of Secrets. */
import { writeJson } from "./codec/json-writer.ts";
import type { JsonObject } from "./codec/json.ts";
import { KindFollower } from "./access/kind-follower.ts";
import type { Apply, FollowOptions } from "./access/kind-follower.ts";
import { compatibleVersion } from "./discovery/version-info.ts";
import type { Kind } from "./kinds/kind.ts";
import { kinds } from "./kinds/kinds.ts";
import { apiVersionOf } from "./response/encode-object.ts";
import type { StoredObject } from "./storage/kind-storage.ts";
import { metadataWithoutValues } from "./storage/without-values.ts";
import { metadataOf } from "./validation/object-fields.ts";

/** One object as it is now, or that it is gone. */
export interface FedObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** "" for what is cluster-wide. */
  readonly namespace: string;
  readonly name: string;
  /** Without kind and apiVersion; undefined when the object is gone. */
  readonly json: Uint8Array<ArrayBuffer> | undefined;
}

export interface FollowedFeed extends AsyncDisposable {
  /** Resolves when everything has been told that was written before the call. Raises `unavailable`. */
  caughtUp(): Promise<void>;
}

/** What is of which kind to tell of. */
export type IsLookedAt = (apiVersion: string, kind: string) => boolean;

export interface ObjectFeed {
  /** The release of Kubernetes whose API this server speaks. */
  readonly version: string;
  /** Tells of all objects, then of every change; resolves when the former have been told. Raises `unavailable`. */
  follow(isLookedAt: IsLookedAt, tell: (object: FedObject) => void): Promise<FollowedFeed>;
}

/** Follows nothing before it is asked to. */
export function objectFeed(options: FollowOptions): ObjectFeed {
  return {
    version: compatibleVersion,
    follow(isLookedAt, tell) {
      const lookedAt = kinds.filter((kind) => isLookedAt(apiVersionOf(kind), kind.kind));
      return followObjects(lookedAt, options, tell);
    },
  };
}

async function followObjects(
  followed: readonly Kind[],
  options: FollowOptions,
  tell: (object: FedObject) => void,
): Promise<FollowedFeed> {
  const followers = followed.map((kind) => {
    const type = { apiVersion: apiVersionOf(kind), kind: kind.kind };
    const apply: Apply = (object, { namespace, name }) =>
      tell({ ...type, namespace, name, json: jsonOf(kind, object) });
    return new KindFollower(kind, apply, options);
  });
  const feed = {
    caughtUp: async () => void (await Promise.all(followers.map((follower) => follower.caughtUp()))),
    [Symbol.asyncDispose]: async () => void (await Promise.all(followers.map((follower) => follower.stop()))),
  };
  try {
    // One after the other, so that no more than a page of objects is held at a time.
    for (const follower of followers) await follower.start();
  } catch (error) {
    await feed[Symbol.asyncDispose]();
    throw error;
  }
  return feed;
}

/** Of kinds with values, what selectors look at: names, labels, the type. */
function jsonOf(kind: Kind, object: StoredObject | undefined): Uint8Array<ArrayBuffer> | undefined {
  if (object === undefined) return undefined;
  if (kind.valuesIn === undefined) return Uint8Array.from(object.itemJson());
  const header: JsonObject = { ...object.header() };
  header["metadata"] = metadataWithoutValues(metadataOf(header));
  return Uint8Array.from(Buffer.from(writeJson(header), "utf8"));
}
