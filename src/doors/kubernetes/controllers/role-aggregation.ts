/**
 * Keeps the rules of aggregated ClusterRoles at the union of the rules of those they select.
 *
 * Holds all ClusterRoles in memory, from one list and a watch: there are a few thousand at most, and every change of
 * any of them can matter to any aggregated one.
 *
 * Source: k/k pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go.
 */
import { toRevision } from "../../../store/revision.ts";
import type { Revision } from "../../../store/revision.ts";
import { aggregatedRules, isAggregated } from "../access/aggregate-rules.ts";
import { ApiError } from "../api-error.ts";
import { cloneJson, equalJson } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { clusterRoleKind } from "../kinds/role.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import type { KindStorage, ObjectEvent } from "../storage/kind-storage.ts";
import { metadataOf, objectsField, stringField } from "../validation/object-fields.ts";
import type { SystemClient } from "./system-client.ts";
import type { Timers } from "./work-queue.ts";

/** The name of the service account, and of the manager in managedFields, that this controller writes as. */
export const roleAggregationName = "clusterrole-aggregation-controller";

export interface RoleAggregationOptions {
  readonly roles: KindStorage;
  readonly client: SystemClient;
  readonly timers: Timers;
  /** Something failed and will be tried again; `role` names it ("" for the whole). */
  readonly onError: (error: unknown, role: string) => void;
}

const pageRecords = 1000;
/** What failed begins anew, with all that is stored, after this. */
const restartDelayMs = 1000;

/** Runs until `signal` aborts; resolves then. */
export async function aggregateRoles(options: RoleAggregationOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await follow(options, signal);
    } catch (error) {
      if (signal.aborted) return;
      options.onError(error, "");
      await delay(options.timers, signal);
    }
  }
}

type Roles = Map<string, Readonly<JsonObject>>;

async function follow(options: RoleAggregationOptions, signal: AbortSignal): Promise<void> {
  const roles: Roles = new Map();
  const revision = await readAll(options.roles, roles);
  await using watcher = options.roles.watch("", toRevision(revision + 1));
  const close = () => watcher.close();
  signal.addEventListener("abort", close);
  try {
    if (signal.aborted) return;
    await aggregateAll(options, roles);
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const event of batch.events) await take(roles, event);
      await aggregateAll(options, roles);
    }
  } finally {
    signal.removeEventListener("abort", close);
  }
}

async function readAll(storage: KindStorage, roles: Roles): Promise<Revision> {
  let after: string | undefined;
  let revision: Revision | undefined;
  do {
    const page = await storage.list({ namespace: "", after, limit: pageRecords, revision });
    for (const object of page.objects) roles.set(object.name, object.header());
    ({ revision, continueAfter: after } = page);
  } while (after !== undefined);
  return revision;
}

async function take(roles: Roles, event: ObjectEvent): Promise<void> {
  if (event.object !== undefined) {
    roles.set(event.object.name, event.object.header());
    return;
  }
  const previous = await event.previous();
  if (previous !== undefined) roles.delete(previous.name);
}

/**
 * A role that gathers from one that gathers is looked at again when that was written. A role that cannot be written
 * keeps no other from its rules; it is tried again after all.
 */
async function aggregateAll(options: RoleAggregationOptions, roles: Roles): Promise<void> {
  const all = [...roles.values()];
  const failures: unknown[] = [];
  for (const role of all.filter(isAggregated)) {
    const rules = aggregatedRules(role, all);
    if (equalJson(rules, objectsField(role, "rules"))) continue;
    await write(options, role, rules).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function write(
  options: RoleAggregationOptions,
  role: Readonly<JsonObject>,
  rules: readonly JsonObject[],
): Promise<void> {
  const place = { namespace: "", name: stringField(metadataOf(role), "name") };
  try {
    await options.client.change(clusterRoleKind, place, (previous) => {
      const next = previous.tree();
      // What became of it meanwhile is looked at when the watch brings it.
      if (isAggregated(next)) next["rules"] = rules.map(cloneJson);
      delete ownMetadata(next)["resourceVersion"];
      return next;
    });
  } catch (error) {
    const isGone = error instanceof ApiError && error.reason === "NotFound";
    if (!isGone) throw error;
  }
}

function delay(timers: Timers, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = timers.after(restartDelayMs, end);
    signal.addEventListener("abort", end);
  });
}
