/** What was found before: findings that are in it are known, and a pipeline fails only for the others. */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { reportVersion } from "./report.ts";
import type { GoneFinding, ReportFinding } from "./report.ts";

export interface Baseline {
  readonly byFingerprint: ReadonlyMap<string, GoneFinding>;
}

const kinds: ReadonlySet<unknown> = new Set(["ScanReport", "ScanBaseline"]);

/**
 * Reads an earlier report (`-o json`), suppressed findings included, or what {@link writeBaseline} wrote. Raises `invalid`
 * for anything else. `file` is how the person named it.
 */
export function readBaseline(text: string, file: string): Baseline {
  const root = parsed(text, file);
  if (root["apiVersion"] !== reportVersion || !kinds.has(root["kind"])) {
    throw invalid(`${file} must be a ScanReport or a ScanBaseline of ${reportVersion}`);
  }
  const byFingerprint = new Map<string, GoneFinding>();
  for (const list of [root["findings"], root["suppressed"] ?? []]) {
    if (!Array.isArray(list)) throw invalid(`${file} must have a list of findings`);
    for (const item of list as readonly unknown[]) {
      const known = entryOf(item, file);
      byFingerprint.set(known.fingerprint, known);
    }
  }
  return { byFingerprint };
}

function parsed(text: string, file: string): Record<string, unknown> {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (cause) {
    throw new StrongroomError("invalid", `${file} must be JSON`, { cause });
  }
  if (!isRecord(root)) throw invalid(`${file} must be a JSON object`);
  return root;
}

function entryOf(item: unknown, file: string): GoneFinding {
  if (isRecord(item)) {
    const { fingerprint, check, id } = item;
    if (typeof fingerprint === "string" && typeof check === "string" && typeof id === "string") {
      return { fingerprint, check, id };
    }
  }
  throw invalid(`${file}: each finding must have a fingerprint, a check and an id`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): StrongroomError {
  return new StrongroomError("invalid", message);
}

/** A baseline of these findings: fingerprints and ids in a fixed order, so that its changes can be read in version control. */
export function writeBaseline(findings: readonly ReportFinding[]): string {
  const entries = findings.map(({ fingerprint, check, id }) => ({ fingerprint, check, id }));
  entries.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  return `${JSON.stringify({ apiVersion: reportVersion, kind: "ScanBaseline", findings: entries }, undefined, 2)}\n`;
}
