/** Settings of the platform, as far as objects show them. */
import { field, listField, textField, textsField } from "../facts/json-fields.ts";
import type { CheckId } from "../findings/check-registry.ts";
import type { FieldPath, Observation } from "./observation.ts";

function observation(check: CheckId, path: FieldPath, text: string): Observation {
  return { check, path, text, factors: [], fingerprint: "" };
}

/** Of a pod: the flags of an API server. Source: k/k cmd/kube-apiserver/app/options. */
export function observeApiServer(pod: unknown): Observation[] {
  const containers = listField(pod, "spec", "containers");
  const index = containers.findIndex((container) =>
    textsField(container, "command").some((word) => /(?:^|\/)kube-apiserver$/.test(word)),
  );
  if (index < 0) return [];
  const container = containers[index];
  const words = [...textsField(container, "command"), ...textsField(container, "args")];
  const path = ["spec", "containers", index, "command"];
  const flag = (name: string) => flagValue(words, name);
  const authentication = flag("authentication-config");
  return [
    ...(flag("encryption-provider-config") === undefined
      ? [observation("SR-PLAT-001", path, "no --encryption-provider-config")]
      : []),
    ...(flag("anonymous-auth") === "false" || authentication !== undefined
      ? []
      : [
          observation(
            "SR-PLAT-002",
            path,
            flag("anonymous-auth") === undefined ? "--anonymous-auth is true by default" : "--anonymous-auth is true",
          ),
        ]),
    ...(flag("token-auth-file") === undefined ? [] : [observation("SR-PLAT-003", path, "--token-auth-file is set")]),
    ...(flag("audit-policy-file") === undefined ||
    (flag("audit-log-path") === undefined && flag("audit-webhook-config-file") === undefined)
      ? [observation("SR-PLAT-004", path, "no policy of audit, or nowhere to write")]
      : []),
  ];
}

function flagValue(words: readonly string[], name: string): string | undefined {
  const written = words.findLast((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  return written?.slice(name.length + 3);
}

const guarded: ReadonlySet<string> = new Set(["*", "*/*", "pods", "pods/*", "secrets", "secrets/*", "pods/exec"]);

/** Of a webhook configuration. Source: k8s.io/api admissionregistration/v1: Fail is the default. */
export function observeWebhooks(value: unknown): Observation[] {
  return listField(value, "webhooks").flatMap((webhook, index) => {
    const resources = listField(webhook, "rules").flatMap((rule) => textsField(rule, "resources"));
    const watches = resources.find((resource) => guarded.has(resource));
    if (textField(webhook, "failurePolicy") !== "Ignore" || watches === undefined) return [];
    const path = ["webhooks", index, "failurePolicy"];
    const seen = observation("SR-PLAT-005", path, `Ignore, for ${watches}, by ${textField(webhook, "name")}`);
    return [{ ...seen, patch: [{ op: "replace", path: `/webhooks/${index}/failurePolicy`, value: "Fail" }] as const }];
  });
}

/** Of an EncryptionConfiguration in a tree of manifests. */
export function observeEncryption(value: unknown): Observation[] {
  return listField(value, "resources").flatMap((entry, index) => {
    const resources = textsField(entry, "resources");
    if (!resources.some((name) => name === "secrets" || name.startsWith("*."))) return [];
    const providers = listField(entry, "providers");
    const path = ["resources", index, "providers"];
    const [first] = providers;
    const seen: Observation[] = [];
    if (first !== undefined && field(first, "identity") !== undefined)
      seen.push(observation("SR-PLAT-006", [...path, 0], "identity is first"));
    for (const [place, provider] of providers.entries()) {
      const [name = ""] = typeof provider === "object" && provider !== null ? Object.keys(provider) : [];
      const hasKey = listField(provider, name, "keys").some((key) =>
        /^[A-Za-z0-9+/]{20,}={0,2}$/.test(textField(key, "secret")),
      );
      if (hasKey) seen.push(observation("SR-PLAT-007", [...path, place, name, "keys"], `keys of ${name}`));
      if (name === "kms" && textField(provider, "kms", "apiVersion") !== "v2") {
        seen.push(observation("SR-PLAT-009", [...path, place, "kms", "apiVersion"], "not v2"));
      }
    }
    return seen;
  });
}

const secretResources: ReadonlySet<string> = new Set([
  "secrets",
  "*",
  "secrets/*",
  "tokenreviews",
  "serviceaccounts/token",
]);

/** Of an audit policy: the first rule that fits decides, so one below a rule of lower level for secrets does nothing. */
export function observeAuditPolicy(value: unknown): Observation[] {
  for (const [index, rule] of listField(value, "rules").entries()) {
    const groups = listField(rule, "resources");
    const limited = ["users", "userGroups", "verbs", "namespaces"].some((name) => textsField(rule, name).length > 0);
    const concerns = groups.length === 0 && textsField(rule, "nonResourceURLs").length === 0;
    const named = groups.some((group) => {
      const resources = textsField(group, "resources");
      return (
        textField(group, "group") === "" &&
        (resources.length === 0 || resources.some((name) => secretResources.has(name)))
      );
    });
    if (!concerns && !named) continue;
    const level = textField(rule, "level");
    if (level === "Request" || level === "RequestResponse") {
      return [observation("SR-PLAT-008", ["rules", index, "level"], `${level} counts for secrets`)];
    }
    if (!limited) return [];
  }
  return [];
}
