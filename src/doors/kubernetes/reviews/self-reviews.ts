/**
 * SelfSubjectRulesReview and SelfSubjectReview: what may I do, who am I?
 *
 * Source: k/k pkg/registry/authorization/selfsubjectrulesreview/rest.go, pkg/registry/authentication/selfsubjectreview/rest.go.
 */
import { aggregateText, unresolvedText } from "../../../access/rbac/role-binding.ts";
import { nodeOf } from "../../../identity/node-user.ts";
import { ruleTree } from "../access/rbac-objects.ts";
import { badRequest } from "../api-error.ts";
import { goQuote } from "../codec/go-quote.ts";
import { jsonObject } from "../codec/json.ts";
import { apiTime } from "../kinds/system-fields.ts";
import { message } from "../schema/messages.ts";
import { objectField, stringField } from "../validation/object-fields.ts";
import { authorizationGroup } from "./access-review.ts";
import { reviewBase } from "./review.ts";
import type { Review } from "./review.ts";
import { userInfoTree } from "./user-info.ts";

/** What may I do in this namespace? */
export const selfSubjectRulesReview: Review = {
  ...reviewBase,
  group: authorizationGroup,
  kind: "SelfSubjectRulesReview",
  resource: "selfsubjectrulesreviews",
  singular: "selfsubjectrulesreview",
  namespaced: false,
  schema: message("authorization-v1", "SelfSubjectRulesReview"),
  async answer(question, { user, rulesFor }) {
    const namespace = stringField(objectField(question, "spec"), "namespace");
    if (namespace === "") throw badRequest("no namespace on request");
    const { rules, unresolved, narrowedBy } = rulesFor(user, namespace);
    const isNode = nodeOf(user) !== undefined;
    const errors = [
      ...(isNode ? ["node authorizer does not support user rule resolution"] : []),
      ...(narrowedBy === undefined ? [] : [narrowedBy]),
      ...unresolved.map((roleRef) => unresolvedText(roleRef, goQuote, "singular")),
    ];
    const status = jsonObject([
      ["resourceRules", rules.filter(({ resources }) => resources.length > 0).map(ruleTree)],
      ["nonResourceRules", rules.filter(({ nonResourceURLs }) => nonResourceURLs.length > 0).map(ruleTree)],
      ["incomplete", isNode || narrowedBy !== undefined],
      ...(errors.length === 0 ? [] : [["evaluationError", aggregateText(errors)] as const]),
    ]);
    // Upstream's answer does not repeat the question.
    return jsonObject([["status", status]]);
  },
};

/** Who am I? */
export const selfSubjectReview: Review = {
  ...reviewBase,
  group: "authentication.k8s.io",
  kind: "SelfSubjectReview",
  resource: "selfsubjectreviews",
  singular: "selfsubjectreview",
  namespaced: false,
  schema: message("authentication-v1", "SelfSubjectReview"),
  async answer(_question, { user, now }) {
    return jsonObject([
      ["metadata", jsonObject([["creationTimestamp", apiTime(now())]])],
      ["status", jsonObject([["userInfo", userInfoTree(user)]])],
    ]);
  },
};
