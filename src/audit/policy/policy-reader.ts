/**
 * Reads an audit policy as upstream reads it, but strictly: a field that is not known is an error, where upstream warns and goes on
 * with a policy that is not what was meant.
 *
 * Source: apiserver pkg/audit/policy/reader.go, pkg/apis/audit/validation/validation.go.
 */
import { parseDocument } from "yaml";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { auditLevels, policyStages } from "./audit-policy.ts";
import type { AuditLevel, AuditPolicy, GroupResources, PolicyRule, PolicyStage } from "./audit-policy.ts";

const apiVersion = "audit.k8s.io/v1";

/** The policy in a text of YAML or JSON. Raises `invalid` with everything that is wrong with it, by field. */
export function readAuditPolicy(text: string): AuditPolicy {
  const reader = new PolicyReader();
  const policy = reader.policy(parse(text));
  if (reader.problems.length > 0) throw invalid(reader.problems.join("; "));
  if (policy.rules.length === 0) throw invalid("loaded illegal policy with 0 rules");
  return policy;
}

function invalid(detail: string): StrongroomError {
  return new StrongroomError("invalid", `the audit policy must be valid: ${detail}`);
}

/** What is wrong is told by its place only: the file may be another one, given by mistake. */
function parse(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, stringKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const line = text.slice(0, problem.pos[0]).split("\n").length;
    throw invalid(`line ${line} must be YAML (${problem.code.toLowerCase().replaceAll("_", " ")})`);
  }
  return document.toJS({ maxAliasCount: 0 });
}

const policyFields = ["apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"];
const ruleFields = [
  "level",
  "users",
  "userGroups",
  "verbs",
  "resources",
  "namespaces",
  "nonResourceURLs",
  "omitStages",
  "omitManagedFields",
];
const resourceFields = ["group", "resources", "resourceNames"];

type Mapping = ReadonlyMap<string, unknown>;

class PolicyReader {
  readonly problems: string[] = [];

  policy(value: unknown): AuditPolicy {
    const fields = this.#mapping(value, "", policyFields);
    const [version, kind] = [fields.get("apiVersion"), fields.get("kind")];
    if (version !== apiVersion || kind !== "Policy") {
      throw invalid(`unknown group version field ${quoted(version)}, Kind=${quoted(kind)} in policy`);
    }
    const rules = this.#list(fields.get("rules"), "rules");
    return {
      omitStages: this.#stages(fields.get("omitStages"), "omitStages"),
      omitManagedFields: this.#flag(fields.get("omitManagedFields"), "omitManagedFields") ?? false,
      rules: rules.map((rule, index) => this.#rule(rule, `rules[${index}]`)),
    };
  }

  #rule(value: unknown, path: string): PolicyRule {
    const fields = this.#mapping(value, path, ruleFields);
    const texts = (name: string) => this.#texts(fields.get(name), `${path}.${name}`);
    const rule = {
      level: this.#level(fields.get("level"), `${path}.level`),
      users: texts("users"),
      userGroups: texts("userGroups"),
      verbs: texts("verbs"),
      nonResourceURLs: texts("nonResourceURLs"),
      namespaces: texts("namespaces"),
      resources: this.#list(fields.get("resources"), `${path}.resources`).map((item, index) =>
        this.#groupResources(item, `${path}.resources`, index),
      ),
      omitStages: this.#stages(fields.get("omitStages"), `${path}.omitStages`),
      omitManagedFields: this.#flag(fields.get("omitManagedFields"), `${path}.omitManagedFields`),
    };
    this.#checkPaths(rule.nonResourceURLs, `${path}.nonResourceURLs`);
    if (rule.nonResourceURLs.length > 0 && (rule.resources.length > 0 || rule.namespaces.length > 0)) {
      const detail = "rules cannot apply to both regular resources and non-resource URLs";
      this.#invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, detail);
    }
    return rule;
  }

  #level(value: unknown, path: string): AuditLevel {
    const known = auditLevels.find((level) => level === value);
    if (known !== undefined) return known;
    if (value === undefined || value === null || value === "") this.problems.push(`${path}: Required value`);
    else {
      const supported = auditLevels.map((level) => `"${level}"`).join(", ");
      this.problems.push(`${path}: Unsupported value: ${quoted(value)}: supported values: ${supported}`);
    }
    return "None";
  }

  #checkPaths(paths: readonly string[], path: string): void {
    for (const [index, url] of paths.entries()) {
      if (url === "*") continue;
      const place = `${path}[${index}]`;
      if (!url.startsWith("/")) {
        this.#invalid(place, url, "non-resource URL rules must begin with a '/' character");
      }
      if (url.slice(0, -1).includes("*")) {
        this.#invalid(place, url, "non-resource URL wildcards '*' must be the final character of the rule");
      }
    }
  }

  /** Upstream names the list and not its place in it; with the place, one finds it. */
  #groupResources(value: unknown, list: string, index: number): GroupResources {
    const path = `${list}[${index}]`;
    const fields = this.#mapping(value, path, resourceFields);
    const group = this.#text(fields.get("group"), `${path}.group`);
    const resources = this.#texts(fields.get("resources"), `${path}.resources`);
    const resourceNames = this.#texts(fields.get("resourceNames"), `${path}.resourceNames`);
    if (group !== "" && group !== "*") this.#checkGroup(group, `${path}.group`);
    if (resourceNames.length > 0 && resources.length === 0) {
      this.#invalid(`${path}.resourceNames`, resourceNames, "using resourceNames requires at least one resource");
    }
    return { group, resources, resourceNames };
  }

  #checkGroup(group: string, path: string): void {
    if (group.length > 253) this.#invalid(path, group, "must be no more than 253 characters");
    if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(group)) return;
    this.#invalid(path, group, subdomainText);
  }

  #stages(value: unknown, path: string): PolicyStage[] {
    return this.#texts(value, path).flatMap((text, index) => {
      const stage = policyStages.find((known) => known === text);
      if (stage === undefined) this.#invalid(`${path}[${index}]`, text, `allowed stages are ${policyStages.join(",")}`);
      return stage ?? [];
    });
  }

  #invalid(path: string, value: unknown, detail: string): void {
    this.problems.push(`${path}: Invalid value: ${quoted(value)}: ${detail}`);
  }

  #mapping(value: unknown, path: string, known: readonly string[]): Mapping {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.problems.push(`${path === "" ? "the file" : path}: must be a mapping`);
      return new Map();
    }
    const fields = new Map(Object.entries(value));
    for (const name of fields.keys()) {
      if (!known.includes(name)) this.problems.push(`unknown field "${path === "" ? name : `${path}.${name}`}"`);
    }
    return fields;
  }

  #list(value: unknown, path: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.problems.push(`${path}: must be a list`);
    return [];
  }

  #texts(value: unknown, path: string): string[] {
    return this.#list(value, path).map((item, index) => this.#text(item, `${path}[${index}]`));
  }

  #text(value: unknown, path: string): string {
    if (value === undefined || value === null) return "";
    if (typeof value === "string") return value;
    this.problems.push(`${path}: must be a string`);
    return "";
  }

  #flag(value: unknown, path: string): boolean | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === "boolean") return value;
    this.problems.push(`${path}: must be true or false`);
    return undefined;
  }
}

/** Of a value that is none of ours, a short piece. */
function quoted(value: unknown): string {
  return JSON.stringify(value ?? "").slice(0, 200);
}

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with " +
  "an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
