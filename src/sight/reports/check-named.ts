import type { ReportCheck } from "./report.ts";

/** What a report says of a check. Raises for one that it does not have, which is a defect of whoever made it. */
export function checkNamed(checks: readonly ReportCheck[], id: string): ReportCheck {
  const found = checks.find((check) => check.id === id);
  if (found === undefined) throw new TypeError(`a report must have every check of its findings: ${id}`);
  return found;
}
