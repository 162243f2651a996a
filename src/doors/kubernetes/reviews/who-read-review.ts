/**
 * WhoReadReview: who read a secret, according to what is on record.
 *
 * It is asked in the namespace of the secret, so that the right to ask can be given for one namespace. What was asked is on record with the
 * request.
 */
import type { AuditRecords } from "../../../audit/index/audit-records.ts";
import type { WhoReadQuestion } from "../../../audit/index/who-read.ts";
import { ApiError } from "../api-error.ts";
import { cloneJson } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { DescribedKind } from "../kinds/kind.ts";
import { strongroomGroup } from "../kinds/strongroom-group.ts";
import { message } from "../schema/messages.ts";
import { entryFilterOf } from "../storage/entry-question.ts";
import { invalidPrinted, required } from "../validation/field-error-constructors.ts";
import { fieldErrorCauses, invalidMessage } from "../validation/field-error-format.ts";
import type { FieldError } from "../validation/field-error.ts";
import { objectField, stringField } from "../validation/object-fields.ts";
import { reviewBase } from "./review.ts";
import type { Review } from "./review.ts";

const limitDefault = 100;
const limitMax = 1000;
const askedKey = "audit.strongroom.dev/asked";

/** For discovery and OpenAPI. */
export const whoReadReviewKind = {
  ...reviewBase,
  group: strongroomGroup,
  kind: "WhoReadReview",
  resource: "whoreadreviews",
  singular: "whoreadreview",
  namespaced: true,
  schema: message("strongroom-audit-v1", "WhoReadReview"),
} as const satisfies DescribedKind;

/** The review, answered by the index of the log. */
export function whoReadReview(records: AuditRecords): Review {
  return {
    ...whoReadReviewKind,
    statusAsAnswered: true,
    async answer(review, { namespace, annotate }) {
      const spec = objectField(review, "spec");
      const errors = specErrors(spec);
      if (errors.length > 0) throw invalidReview(errors);
      const question = questionOf(spec, namespace);
      annotate(askedKey, `who read ${namespace}/${question.secret.name}${filterText(spec)}`);
      review["status"] = treeOf(await records.whoRead(question));
      return review;
    },
  };
}

const filters = ["since", "until", "user", "verb", "door", "decision"] as const;

function questionOf(spec: Readonly<JsonObject>, namespace: string): WhoReadQuestion {
  const given = filters.filter((name) => stringField(spec, name) !== "");
  const filter = entryFilterOf(Object.fromEntries(given.map((name) => [name, stringField(spec, name)])));
  const { limit } = spec;
  const secret = { namespace, name: stringField(spec, "secret") };
  return { ...filter, secret, limit: typeof limit === "number" ? limit : limitDefault };
}

function filterText(spec: Readonly<JsonObject>): string {
  return filters
    .filter((name) => stringField(spec, name) !== "")
    .map((name) => ` ${name}=${stringField(spec, name)}`)
    .join("");
}

function specErrors(spec: Readonly<JsonObject>): FieldError[] {
  const { limit } = spec;
  const missing = stringField(spec, "secret") === "" ? [required("spec.secret", "")] : [];
  if (typeof limit !== "number" || (limit >= 1 && limit <= limitMax)) return missing;
  return [...missing, invalidPrinted("spec.limit", String(limit), `must be between 1 and ${limitMax}, inclusive`)];
}

function invalidReview(errors: readonly FieldError[]): ApiError {
  const { group, kind } = whoReadReviewKind;
  return new ApiError(422, "Invalid", invalidMessage({ group, kind }, "", errors), {
    details: { group, kind, causes: fieldErrorCauses(errors) },
  });
}

/** Through JSON, which leaves out what is undefined. */
function treeOf(answer: object): JsonValue {
  return cloneJson(JSON.parse(JSON.stringify(answer)) as JsonValue); // what JSON says is a JSON value
}
