/** Every check there is, by its id. An id never changes its meaning and is never used again. */
import { accessChecks } from "./access-checks.ts";
import type { Check } from "./check.ts";
import { contentChecks } from "./content-checks.ts";
import { leakChecks } from "./leak-checks.ts";
import { lifecycleChecks } from "./lifecycle-checks.ts";
import { platformChecks } from "./platform-checks.ts";
import { referenceChecks } from "./reference-checks.ts";
import { riskChecks } from "./risk-checks.ts";

const registry = {
  ...riskChecks,
  ...leakChecks,
  ...accessChecks,
  ...referenceChecks,
  ...lifecycleChecks,
  ...contentChecks,
  ...platformChecks,
} satisfies Readonly<Record<string, Check>>;

export type CheckId = keyof typeof registry;

/** In the order of the registry. */
export const checkIds = Object.keys(registry) as readonly CheckId[]; // the registry's own keys

/** What is known of a check. */
export function checkOf(id: CheckId): Check {
  return registry[id];
}
