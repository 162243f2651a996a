/**
 * Kinds that are questions: created, answered and not kept. The table of one, as
 * kinds/ has those of what is kept.
 */
import type { Attributes, Decision } from "../../../access/authorizer.ts";
import type { UserRules } from "../../../access/rbac/rbac-index.ts";
import type { User } from "../../../identity/user.ts";
import type { JsonObject } from "../codec/json.ts";
import type { DescribedKind } from "../kinds/kind.ts";

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
