/** The questions this server answers, and their place among the kinds in discovery. */
import { servedKinds } from "../kinds/kinds.ts";
import type { DescribedKind } from "../kinds/kind.ts";
import { rbacGroup } from "../validation/role-binding.ts";
import { localSubjectAccessReview, selfSubjectAccessReview, subjectAccessReview } from "./access-review.ts";
import type { Review } from "./review.ts";
import { tokenReview } from "./token-review.ts";
import { selfSubjectReview, selfSubjectRulesReview } from "./self-reviews.ts";
import { sightReviewKinds } from "./sight-reviews.ts";
import { whoReadReviewKind } from "./who-read-review.ts";

/** In the order of discovery. */
export const reviews: readonly Review[] = [
  selfSubjectReview,
  tokenReview,
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
];

/** Everything that discovery and OpenAPI tell of; upstream ranks these groups before that of roles. Our own comes last. */
export const describedKinds: readonly DescribedKind[] = [
  ...placeBefore(rbacGroup),
  ...sightReviewKinds,
  whoReadReviewKind,
];

function placeBefore(group: string): DescribedKind[] {
  const place = servedKinds.findIndex((kind) => kind.group === group);
  return [...servedKinds.slice(0, place), ...reviews, ...servedKinds.slice(place)];
}
