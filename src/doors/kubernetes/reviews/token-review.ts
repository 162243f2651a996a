/** TokenReview: whose is this token? Source: k/k pkg/registry/authentication/tokenreview/storage.go. */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { inGroup } from "../../../identity/request-credentials.ts";
import { bearerToken } from "../../../identity/tokens/bearer.ts";
import type { VerifiedToken } from "../../../identity/tokens/token-authenticator.ts";
import { badRequest } from "../api-error.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { objectField, stringField, stringsField } from "../validation/object-fields.ts";
import type { TokenServices } from "../authentication/token-services.ts";
import { reviewBase } from "./review.ts";
import type { Review } from "./review.ts";
import { userInfoTree } from "./user-info.ts";

export const tokenReview: Review = {
  ...reviewBase,
  group: "authentication.k8s.io",
  kind: "TokenReview",
  resource: "tokenreviews",
  singular: "tokenreview",
  namespaced: false,
  schema: message("authentication-v1", "TokenReview"),
  async answer(question, { tokens }) {
    const spec = objectField(question, "spec");
    const given = stringField(spec, "token");
    if (given === "") throw badRequest("token is required for TokenReview in authentication");
    const asked = stringsField(spec, "audiences");
    // Read as the header of a request would be.
    const token = bearerToken(`Bearer ${given}`);
    const found = token === undefined ? undefined : await examine(tokens, token, asked);
    return jsonObject([...Object.entries(question), ["status", statusOf(found)]]);
  },
};

type Finding = VerifiedToken | { readonly error: string };

async function examine(tokens: TokenServices, token: string, asked: readonly string[]): Promise<Finding> {
  try {
    const audiences = asked.length === 0 ? tokens.issuer.ownAudiences : asked;
    return (await tokens.authenticator.authenticate(token, audiences)) ?? { error: "invalid bearer token" };
  } catch (error) {
    if (isStrongroomError(error, "unauthenticated")) return { error: error.message };
    throw error;
  }
}

function statusOf(found: Finding | undefined): JsonObject {
  if (found === undefined) return jsonObject([["user", jsonObject()]]);
  if ("error" in found) {
    return jsonObject([
      ["user", jsonObject()],
      ["error", found.error],
    ]);
  }
  return jsonObject([
    ["authenticated", true],
    ["user", userInfoTree(inGroup(found.user))],
    ["audiences", [...found.audiences]],
  ]);
}
