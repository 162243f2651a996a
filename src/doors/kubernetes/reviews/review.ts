/**
 * Kinds that are questions: created, answered and not kept. The table of one, as
 * kinds/ has those of what is kept.
 */
import type { Attributes, Decision } from "../../../access/authorizer.ts";
import type { UserRules } from "../../../access/rbac/rbac-index.ts";
import type { User } from "../../../identity/user.ts";
import type { Annotate } from "../../../gate/gate.ts";
import type { TokenServices } from "../authentication/token-services.ts";
import type { JsonObject } from "../codec/json.ts";
import type { DescribedKind } from "../kinds/kind.ts";
import type { Message } from "../schema/schema.ts";
import type { StoredObject } from "../storage/kind-storage.ts";

/** What a question is answered from. */
export interface ReviewContext {
  /** Who asks. */
  readonly user: User;
  /** Of the request; "" for kinds outside of namespaces. */
  readonly namespace: string;
  readonly decide: (attributes: Attributes) => Promise<Decision>;
  /** What a user may do in a namespace. */
  readonly rulesFor: (user: User, namespace: string) => UserRules;
  readonly now: () => Date;
  readonly tokens: TokenServices;
  /** Puts something on record with the request. */
  readonly annotate: Annotate;
}

export interface Review extends DescribedKind {
  /** The status is written as it was answered, with fields that the schema does not have. */
  readonly statusAsAnswered?: true;
  /** The answer to a decoded question, both without kind and apiVersion. Raises ApiError. */
  answer(question: JsonObject, context: ReviewContext): Promise<JsonObject>;
}

/** What all of them have in common. */
export const reviewBase = {
  version: "v1",
  shortNames: [],
  categories: [],
  verbs: ["create"],
  subresources: [],
} as const;

/** A question about one object, which is asked by a POST to a subresource of it. */
export interface SubresourceReview {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: Message;
  /** Sets what is not asked for to its default; in place, before admission. */
  complete?(question: JsonObject): void;
  /** The answer to a decoded question, both without kind and apiVersion. Raises ApiError. */
  answer(question: JsonObject, context: SubresourceReviewContext): Promise<JsonObject>;
}

export interface SubresourceReviewContext {
  /** Of the object, as the path has them. */
  readonly namespace: string;
  readonly name: string;
  readonly tokens: TokenServices;
  /** An object of a kind that is served, whoever asks; undefined when it is not there. */
  readonly read: (
    group: string,
    resource: string,
    namespace: string,
    name: string,
  ) => Promise<StoredObject | undefined>;
  /** Puts something on record with the request. */
  readonly annotate: Annotate;
  /** Adds a `Warning: 299` header. */
  readonly warn: (text: string) => void;
  readonly now: () => Date;
  readonly uuid: () => string;
}
