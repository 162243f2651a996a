/** A running cluster as a source of facts: any that speaks the API of Kubernetes, also a Strongroom server. */
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { ErrorCode } from "../../../errors/strongroom-error.ts";
import type { FactSet } from "../../facts/fact-set.ts";
import { SecretMaterial } from "../../facts/secret-material.ts";
import type { Collection } from "../collection.ts";
import type { FollowedSource, Following } from "../source.ts";
import { ApiConnection } from "./api-connection.ts";
import type { ConnectionLimits } from "./api-connection.ts";
import { ApiFailure } from "./api-failure.ts";
import type { ApiFailureKind } from "./api-failure.ts";
import { followCluster } from "./follow-cluster.ts";
import type { FollowOptions } from "./follow-cluster.ts";
import type { ClusterAccess } from "./kubeconfig.ts";
import type { Level } from "./level.ts";
import type { ListBounds } from "./list-pages.ts";
import { readCluster } from "./read-cluster.ts";
import type { ReadOptions, ReadProgress } from "./read-cluster.ts";

export interface ClusterSourceOptions {
  readonly level: Level;
  /** Of the process, for credential plugins. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether places name the cluster: where there are several. */
  readonly isOneOfSeveral?: boolean;
  /** One for several sources makes their fingerprints comparable. */
  readonly material?: SecretMaterial;
  readonly limits?: Partial<ConnectionLimits>;
  readonly bounds?: ListBounds;
  readonly onProgress?: (progress: ReadProgress) => void;
  readonly following?: FollowOptions;
}

/** In the audit log of the cluster, our own reads are known by it. */
const userAgent = "strongroom-sight";

export class ClusterSource implements FollowedSource, Disposable {
  readonly id: string;
  readonly connection: ApiConnection;
  readonly #access: ClusterAccess;
  readonly #options: ClusterSourceOptions;

  constructor(access: ClusterAccess, options: ClusterSourceOptions) {
    const { env, limits } = options;
    this.id = access.id;
    this.#access = access;
    this.#options = options;
    this.connection = new ApiConnection(access, { env, userAgent, ...(limits !== undefined && { limits }) });
  }

  /** Raises `denied`, `unauthenticated`, `unavailable` or `invalid` when the cluster says nothing at all. */
  async read(signal: AbortSignal): Promise<FactSet> {
    try {
      return (await readCluster(this.connection, this.#readOptions(["list"]), signal)).facts;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** As {@link read}, with all objects into a collection. */
  async collect(into: Collection, signal: AbortSignal): Promise<FactSet> {
    try {
      const options = { ...this.#readOptions(["list"]), collects: true };
      const reading = await readCluster(this.connection, options, signal);
      for (const { objects } of reading.known) for (const { redacted } of objects.values()) into.add(redacted);
      return reading.facts;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Raises as {@link read}. */
  async follow(signal: AbortSignal): Promise<Following> {
    try {
      const reading = await readCluster(this.connection, this.#readOptions(["list", "watch"]), signal);
      const { bounds, following } = this.#options;
      return followCluster(this.connection, reading, signal, { ...following, ...(bounds !== undefined && { bounds }) });
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #readOptions(verbs: readonly string[]): ReadOptions {
    const { level, isOneOfSeveral = false, material = new SecretMaterial(), bounds, onProgress } = this.#options;
    return {
      id: this.id,
      prefix: isOneOfSeveral ? `${this.id}:` : "",
      namespace: this.#access.namespace,
      level,
      material,
      verbs,
      ...(bounds !== undefined && { bounds }),
      ...(onProgress !== undefined && { onProgress }),
    };
  }

  #failure(error: unknown): unknown {
    if (!(error instanceof ApiFailure)) return error;
    const message = `nothing of the cluster ${this.id} could be read: ${error.message}`;
    return new StrongroomError(codes[error.kind], message, { cause: error });
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]();
  }
}

const codes = {
  forbidden: "denied",
  unauthenticated: "unauthenticated",
  gone: "unavailable",
  "not-found": "invalid",
  refused: "invalid",
  overloaded: "unavailable",
  unreachable: "unavailable",
  "too-large": "invalid",
  nonsense: "invalid",
} as const satisfies Record<ApiFailureKind, ErrorCode>;
