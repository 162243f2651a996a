/** What the live graph needs of a store of Kubernetes objects, such as the server's own. */

/** One object as it is now, or that it is gone. */
export interface ObjectState {
  readonly apiVersion: string;
  readonly kind: string;
  /** "" for what is cluster-wide. */
  readonly namespace: string;
  readonly name: string;
  /**
   * JSON without kind and apiVersion; undefined when the object is gone. Of a Secret only what is no value: its
   * metadata and type.
   */
  readonly json: Uint8Array<ArrayBuffer> | undefined;
}

export interface ObjectFeed {
  /** The release of Kubernetes that the server is compatible with, as `v1.34.0`. */
  readonly version: string;
  /**
   * Tells of all objects there are of the kinds that are looked at, then of every change; resolves when the former have
   * been told. Raises `unavailable`.
   */
  follow(
    isLookedAt: (apiVersion: string, kind: string) => boolean,
    tell: (state: ObjectState) => void,
  ): Promise<FollowedObjects>;
}

export interface FollowedObjects extends AsyncDisposable {
  /** Resolves when everything has been told that was written before the call. Raises `unavailable`. */
  caughtUp(): Promise<void>;
}
