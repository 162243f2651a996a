/**
 * What a terminating namespace says of its content, in `status.conditions`.
 * Source: k/k pkg/controller/namespace/deletion/status_condition_utils.go.
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";

/** What is left in a namespace after a round of deletions. */
export interface RemainingContent {
  /** Number of objects by `resource.group` (so `secrets.`, as upstream writes it). */
  readonly resources: ReadonlyMap<string, number>;
  /** Number of objects by the finalizer they wait for. */
  readonly finalizers: ReadonlyMap<string, number>;
  /** What kept objects from being deleted. */
  readonly failures: readonly string[];
}

interface Condition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** The conditions of a namespace, made from those it had: a time changes when its status does. */
export function namespaceConditions(
  previous: readonly JsonValue[],
  remaining: RemainingContent,
  time: string,
): readonly JsonValue[] {
  const conditions = [...previous];
  for (const next of wantedConditions(remaining)) {
    const at = conditions.findIndex((one) => isJsonObject(one) && one["type"] === next.type);
    const known = conditions[at];
    if (known === undefined || !isJsonObject(known)) conditions.push(written(next, time));
    else conditions[at] = written(next, known["status"] === next.status ? known["lastTransitionTime"] : time);
  }
  return conditions;
}

function wantedConditions({ resources, finalizers, failures }: RemainingContent): Condition[] {
  return [
    ok("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ok(
      "NamespaceDeletionGroupVersionParsingFailure",
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ),
    failures.length === 0
      ? ok(
          "NamespaceDeletionContentFailure",
          "ContentDeleted",
          "All content successfully deleted, may be waiting on finalization",
        )
      : bad(
          "NamespaceDeletionContentFailure",
          "ContentDeletionFailed",
          `Failed to delete all resource types, ${failures.length} remaining: ${listed(failures)}`,
        ),
    resources.size === 0
      ? ok("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed")
      : bad(
          "NamespaceContentRemaining",
          "SomeResourcesRemain",
          `Some resources are remaining: ${counted(resources, "has")}`,
        ),
    finalizers.size === 0
      ? ok("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished")
      : bad(
          "NamespaceFinalizersRemaining",
          "SomeFinalizersRemain",
          `Some content in the namespace has finalizers remaining: ${counted(finalizers, "in")}`,
        ),
  ];
}

function ok(type: string, reason: string, message: string): Condition {
  return { type, status: "False", reason, message };
}

function bad(type: string, reason: string, message: string): Condition {
  return { type, status: "True", reason, message };
}

function counted(counts: ReadonlyMap<string, number>, word: "has" | "in"): string {
  const texts = [...counts].map(([name, count]) => `${name} ${word} ${count} resource instances`);
  return listed(texts);
}

/** Most entries of a message: whoever may create objects chooses how many finalizers and failures there are. */
const listedMax = 100;

function listed(texts: readonly string[]): string {
  const sorted = texts.toSorted();
  if (sorted.length <= listedMax) return sorted.join(", ");
  return `${sorted.slice(0, listedMax).join(", ")} and ${sorted.length - listedMax} more`;
}

function written(condition: Condition, time: JsonValue | undefined): JsonObject {
  return jsonObject([
    ["type", condition.type],
    ["status", condition.status],
    ["lastTransitionTime", time ?? null],
    ["reason", condition.reason],
    ["message", condition.message],
  ]);
}
