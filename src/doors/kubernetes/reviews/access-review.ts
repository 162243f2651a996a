/**
 * SelfSubjectAccessReview, SubjectAccessReview and LocalSubjectAccessReview: may somebody do something?
 *
 * Source: k/k pkg/registry/authorization/{selfsubjectaccessreview,subjectaccessreview,localsubjectaccessreview}/rest.go,
 * pkg/registry/authorization/util/helpers.go.
 */
import type { Attributes } from "../../../access/authorizer.ts";
import type { User } from "../../../identity/user.ts";
import { ApiError } from "../api-error.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { fieldErrorCauses, invalidMessage } from "../validation/field-error-format.ts";
import type { FieldError } from "../validation/field-error.ts";
import { objectField, stringField, stringsField } from "../validation/object-fields.ts";
import { localReviewErrors, selfReviewErrors, subjectReviewErrors } from "../validation/access-review.ts";
import { reviewBase } from "./review.ts";
import type { Review, ReviewContext } from "./review.ts";
import { fieldSelectorOf, selectorErrorText } from "./selector-attributes.ts";

/** The API group of questions about rights. */
export const authorizationGroup = "authorization.k8s.io";

/** May I? */
export const selfSubjectAccessReview: Review = {
  ...reviewBase,
  group: authorizationGroup,
  kind: "SelfSubjectAccessReview",
  resource: "selfsubjectaccessreviews",
  singular: "selfsubjectaccessreview",
  namespaced: false,
  schema: message("authorization-v1", "SelfSubjectAccessReview"),
  async answer(question, context) {
    requireValidReview(selfReviewErrors(question));
    return answered(question, context.user, context);
  },
};

/** May they? */
export const subjectAccessReview: Review = {
  ...selfSubjectAccessReview,
  kind: "SubjectAccessReview",
  resource: "subjectaccessreviews",
  singular: "subjectaccessreview",
  schema: message("authorization-v1", "SubjectAccessReview"),
  async answer(question, context) {
    requireValidReview(subjectReviewErrors(question));
    return answered(question, subjectOf(question), context);
  },
};

/** May they, in this namespace? */
export const localSubjectAccessReview: Review = {
  ...selfSubjectAccessReview,
  kind: "LocalSubjectAccessReview",
  resource: "localsubjectaccessreviews",
  singular: "localsubjectaccessreview",
  namespaced: true,
  schema: message("authorization-v1", "LocalSubjectAccessReview"),
  async answer(question, context) {
    requireValidReview(localReviewErrors(question));
    return answered(question, subjectOf(question), context);
  },
};

async function answered(question: JsonObject, user: User, context: ReviewContext): Promise<JsonObject> {
  const spec = objectField(question, "spec");
  const decision = await context.decide(attributesOf(spec, user));
  const evaluationError = selectorErrorText(objectField(spec, "resourceAttributes"));
  question["status"] = jsonObject([
    ["allowed", decision.type === "allow"],
    ...(decision.type === "deny" ? [["denied", true] as const] : []),
    ...(decision.reason === "" ? [] : [["reason", decision.reason] as const]),
    ...(evaluationError === "" ? [] : [["evaluationError", evaluationError] as const]),
  ]);
  return question;
}

function attributesOf(spec: Readonly<JsonObject>, user: User): Attributes {
  const asked = objectField(spec, "resourceAttributes");
  if (!isJsonObject(spec["resourceAttributes"])) {
    const path = objectField(spec, "nonResourceAttributes");
    return { user, verb: stringField(path, "verb"), resource: undefined, path: stringField(path, "path") };
  }
  const fieldSelector = fieldSelectorOf(asked);
  const resource = {
    apiGroup: stringField(asked, "group"),
    apiVersion: stringField(asked, "version") || "*",
    resource: stringField(asked, "resource"),
    subresource: stringField(asked, "subresource"),
    namespace: stringField(asked, "namespace"),
    name: stringField(asked, "name"),
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
  return { user, verb: stringField(asked, "verb"), resource, path: undefined };
}

/** Exactly who is named: nobody is added to system:authenticated here. */
function subjectOf(question: JsonObject): User {
  const spec = objectField(question, "spec");
  const extra = objectField(spec, "extra");
  return {
    name: stringField(spec, "user"),
    uid: stringField(spec, "uid") || undefined,
    groups: stringsField(spec, "groups"),
    extra: new Map(Object.keys(extra).map((key) => [key, stringsField(extra, key)])),
  };
}

/** Upstream names the kind after it has forgotten it. */
function requireValidReview(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  throw new ApiError(422, "Invalid", invalidMessage({ group: authorizationGroup, kind: "" }, "", errors), {
    details: { group: authorizationGroup, causes: fieldErrorCauses(errors) },
  });
}
