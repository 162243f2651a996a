/** Every question that the server answers: those of Kubernetes and our own. */
import type { AuditRecords } from "../../../audit/index/audit-records.ts";
import type { Review } from "./review.ts";
import { reviews } from "./reviews.ts";
import { sightReviews } from "./sight-reviews.ts";
import type { SightAnswers } from "./sight-reviews.ts";
import { whoReadReview } from "./who-read-review.ts";

/** From whom answers are had. */
export interface Answerers {
  readonly sight: SightAnswers;
  readonly records: AuditRecords;
}

export function servedReviews({ sight, records }: Answerers): readonly Review[] {
  return [...reviews, ...sightReviews(sight), whoReadReview(records)];
}
