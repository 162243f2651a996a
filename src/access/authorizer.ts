/**
 * Authorization: attributes in, decision out. The zero value is deny: a caller
 * treats everything but `allow` as a refusal, an error included.
 *
 * Source: kubernetes/apiserver pkg/authorization/authorizer/interfaces.go.
 */
import type { User } from "../identity/user.ts";

/** What is asked for. */
export interface Attributes {
  readonly user: User;
  /** get, list, watch, create, update, patch, delete, deletecollection; lower-case HTTP method for paths. */
  readonly verb: string;
  /** Present for resource requests; otherwise `path` is. */
  readonly resource:
    | {
        readonly apiGroup: string;
        readonly apiVersion: string;
        readonly resource: string;
        readonly subresource: string;
        /** Empty for cluster-scoped resources and requests over all namespaces. */
        readonly namespace: string;
        /** Empty for list, watch and create without a name. */
        readonly name: string;
        /** What a list or watch asks of fields, all of which must hold; absent when nothing, or when it cannot be read. */
        readonly fieldSelector?: readonly FieldRequirement[];
      }
    | undefined;
  /** The URL path of a non-resource request. */
  readonly path: string | undefined;
  /** Where the request came from; absent where a question is asked about somebody. */
  readonly origin?: { readonly door: string; readonly sourceAddress: string };
  /** The labels of the object that is asked about, where it is meant as it was and not as it is stored now. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What must hold of one field of the objects asked for. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

export interface Decision {
  readonly type: "allow" | "deny" | "no-opinion";
  readonly reason: string;
  /** For the record of the request, beside type and reason. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** For whoever asked. */
  readonly warnings?: readonly string[];
}

/**
 * Which objects of a resource a verb may be allowed on, one by one: never fewer than are. `unknown` where that cannot be
 * told without asking of each.
 */
export type Reach = "all" | "unknown" | readonly ReachedObjects[];

export interface ReachedObjects {
  readonly namespace: string;
  readonly names: "all" | readonly string[];
}

export interface Authorizer {
  authorize(attributes: Attributes): Promise<Decision>;
  /**
   * Another number whenever decisions may have become others (also: can no longer be made), before whoever changed what
   * they depend on is answered; it only grows. Absent: they never do. Asked for every piece of
   * every stream.
   */
  generation?(): number;
  /**
   * Whether the decision depends on what is stored of the object that is asked for, of which {@link generation} says nothing:
   * a stream of it is decided again with each piece. Raises `unavailable`. Absent: no.
   */
  looksAtObject?(attributes: Attributes): boolean;
  /**
   * What the authorizer may allow, whatever name the attributes have; with namespace "" in all of them. An authorizer that
   * only denies reaches nothing - and what is unknown, where it may deny. Absent: unknown.
   */
  reach?(attributes: ResourceAttributes): Promise<Reach>;
}

/** Attributes of a resource request. */
export type ResourceAttributes = Attributes & { readonly resource: NonNullable<Attributes["resource"]> };
