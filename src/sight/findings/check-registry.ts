/** Every check there is, by its id. An id never changes its meaning and is never used again. */
import { accessChecks } from "./access-checks.ts";
import type { Check } from "./check.ts";
import { referenceChecks } from "./reference-checks.ts";
import { riskChecks } from "./risk-checks.ts";

const registry = {
  ...riskChecks,
  ...accessChecks,
  ...referenceChecks,
} satisfies Readonly<Record<string, Check>>;

export type CheckId = keyof typeof registry;

/** In the order of the registry. */
export const checkIds = Object.keys(registry) as readonly CheckId[]; // the registry's own keys

/** What is known of a check. */
export function checkOf(id: CheckId): Check {
  return registry[id];
}
