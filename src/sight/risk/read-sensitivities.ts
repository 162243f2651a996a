/** What an owner knows of how sensitive secrets are: a YAML file of rules, the first that fits counts. */
import { parseDocument } from "yaml";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { SensitivityRule } from "./sensitivity.ts";

const sizeMaxCharacters = 1024 * 1024;
const apiVersion = "strongroom.dev/v1";
const kind = "SecretSensitivities";

/**
 * Reads `{apiVersion: strongroom.dev/v1, kind: SecretSensitivities, rules: [{namespace, name, sensitivity}]}`, where a `*`
 * in a name is any text. Raises `invalid` for whatever is not exactly so: a rule that is misread would hide a risk. `file`
 * is how the person named it.
 */
export function readSensitivities(text: string, file: string): SensitivityRule[] {
  if (text.length > sizeMaxCharacters) throw invalid(`${file} must have at most 1 MiB`);
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw invalid(`${file} must be YAML: ${error.code}`);
  const root: unknown = document.toJS({ maxAliasCount: 100 });
  if (!isRecord(root) || root["apiVersion"] !== apiVersion || root["kind"] !== kind) {
    throw invalid(`${file} must begin with apiVersion: ${apiVersion} and kind: ${kind}`);
  }
  const { rules } = root;
  if (!Array.isArray(rules)) throw invalid(`${file} must have a list named rules`);
  return rules.map((rule: unknown, index) => ruleOf(rule, `${file}: rule ${index + 1}`));
}

function ruleOf(rule: unknown, place: string): SensitivityRule {
  if (!isRecord(rule)) throw invalid(`${place} must be a mapping`);
  const unknown = Object.keys(rule).find((key) => !["namespace", "name", "sensitivity"].includes(key));
  if (unknown !== undefined) throw invalid(`${place} must have no field ${JSON.stringify(unknown)}`);
  const { sensitivity } = rule;
  if (typeof sensitivity !== "number" || !(sensitivity >= 0 && sensitivity <= 1)) {
    throw invalid(`${place}: sensitivity must be a number from 0 to 1`);
  }
  return { namespace: patternOf(rule, "namespace", place), name: patternOf(rule, "name", place), sensitivity };
}

function patternOf(rule: Readonly<Record<string, unknown>>, field: string, place: string): string | undefined {
  const pattern = rule[field];
  if (pattern === undefined) return undefined;
  if (typeof pattern !== "string" || pattern === "") throw invalid(`${place}: ${field} must be a text`);
  return pattern;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): StrongroomError {
  return new StrongroomError("invalid", message);
}
