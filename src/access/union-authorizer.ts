import type { Authorizer, Reach } from "./authorizer.ts";
import { unionOfReaches } from "./reach.ts";

/**
 * Asks each authorizer in order: the first allow or deny is the decision, no opinion leads on, and after the last one
 * there is no opinion - with the reasons of all, one a line. An authorizer that fails ends it: whoever comes after
 * might allow what it would have denied.
 *
 * Source: apiserver pkg/authorization/union/union.go.
 */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = await authorizer.authorize(attributes);
        if (decision.type !== "no-opinion") return decision;
        if (decision.reason !== "") reasons.push(decision.reason);
      }
      return { type: "no-opinion", reason: reasons.join("\n") };
    },
    async reach(attributes) {
      const reaches: Reach[] = [];
      for (const authorizer of authorizers) reaches.push((await authorizer.reach?.(attributes)) ?? "unknown");
      return unionOfReaches(reaches);
    },
    // Each only grows, so the sum is another one whenever one of them is.
    generation() {
      let sum = 0;
      for (const authorizer of authorizers) sum += authorizer.generation?.() ?? 0;
      return sum;
    },
  };
}
