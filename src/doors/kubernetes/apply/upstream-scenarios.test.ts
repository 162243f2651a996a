/**
 * Whole histories of objects - created, updated, applied to by several managers -
 * as the reference tells them: see testdata/README.md. Around the tracking of owners
 * the test does what a server does with one object: enough to compare, nothing more.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { decodeObject } from "../codec/decode-object.ts";
import { parseJson } from "../codec/json-parser.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import { ApiError } from "../api-error.ts";
import { inheritSystemFields, ownMetadata } from "../kinds/system-fields.ts";
import { Namespace, Secret } from "../schema/core-v1.ts";
import { message } from "../schema/messages.ts";
import type { Message } from "../schema/schema.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import { applyBody, decodeApplied, keepReset } from "./apply-body.ts";
import { trackUpdate } from "./field-manager.ts";
import type { FieldWrite } from "./field-manager.ts";
import { ownershipRules } from "./ownership-rules.ts";
import type { OwnedKind } from "./ownership-rules.ts";
import { keepTimesOfUnchanged } from "./timestamp-only-change.ts";

/** What a step came to: a state, or a failure. */
type StepOutcome = { readonly unchanged: boolean; readonly object: string } | StepError;

interface StepError {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly causes?: readonly object[];
}

interface Step {
  readonly at: string;
  readonly op: "create" | "update" | "apply";
  readonly manager: string;
  readonly force?: boolean;
  readonly subresource?: string;
  readonly object: object;
  readonly result?: object;
  readonly unchanged?: boolean;
  readonly error?: StepError;
}

interface Scenario {
  readonly name: string;
  readonly kind: "Secret" | "ConfigMap" | "Namespace" | "Pod";
  readonly steps: readonly Step[];
}

for (const kind of ["secret", "configmap", "namespace", "pod"]) {
  const text = readFileSync(new URL(`testdata/scenarios/${kind}.json`, import.meta.url), "utf8");
  const scenarios = JSON.parse(text) as Scenario[]; // the form of the README
  describe(kind, () => {
    for (const scenario of scenarios) {
      test(`${scenario.name}: every step ends as the reference says`, () => {
        for (const { step, outcome, expected } of runScenario(scenario)) {
          assert.deepEqual(comparable(outcome), comparable(expected), JSON.stringify(step));
        }
      });
    }
  });
}

/** Lines and causes in one order, and no value after "got". */
function comparable(outcome: StepOutcome): StepOutcome {
  if (!("message" in outcome)) return outcome;
  const lines = outcome.message.replaceAll(/(expected [\w ()]+), got .*/g, "$1").split("\n");
  return {
    ...outcome,
    message: lines.toSorted().join("\n"),
    ...(outcome.causes !== undefined && {
      causes: outcome.causes.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
    }),
  };
}

const schemas: Record<Scenario["kind"], Message> = {
  Secret,
  Namespace,
  ConfigMap: message("core-v1", "ConfigMap"),
  Pod: message("core-v1", "Pod"),
};

function kindOf(name: Scenario["kind"]): OwnedKind {
  const status = { name: "status", verbs: [], strategy: undefined as never }; // its name is all that is looked at
  const subresources = name === "Namespace" || name === "Pod" ? [status] : [];
  return { group: "", version: "v1", kind: name, schema: schemas[name], subresources };
}

/** Every step with what came of it here and with the reference. */
function* runScenario(
  scenario: Scenario,
): Generator<{ readonly step: Step; readonly outcome: StepOutcome; readonly expected: StepOutcome }> {
  const kind = kindOf(scenario.kind);
  let live: JsonObject | undefined;
  let version = 0;
  for (const step of scenario.steps) {
    try {
      const next = run(kind, step, live);
      const unchanged = live !== undefined && writeJson(next) === writeJson(live);
      if (!unchanged) ownMetadata(next)["resourceVersion"] = String(++version);
      live = canonicalObject(kind.schema, next);
      const expected = canonicalObject(kind.schema, decode(kind, step.result ?? {}));
      const told = { unchanged: step.unchanged === true, object: writeJson(expected) };
      yield { step, outcome: { unchanged, object: writeJson(live) }, expected: step.error ?? told };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const told = { unchanged: false, object: JSON.stringify(step.result) };
      yield { step, outcome: failureOf(error), expected: step.error ?? told };
    }
  }
}

function failureOf(error: ApiError): StepError {
  const causes = error.details?.causes;
  return {
    code: error.code,
    ...(error.reason !== "" && { reason: error.reason }),
    message: error.message,
    ...(causes !== undefined && { causes }),
  };
}

function run(kind: OwnedKind, step: Step, live: JsonObject | undefined): JsonObject {
  const { manager, subresource = "" } = step;
  const write: FieldWrite = { rules: ownershipRules(kind, subresource), manager, subresource, time: step.at };
  const next = step.op === "apply" ? applied(kind, write, step, live) : updated(kind, write, step, live);
  for (const name of ["kind", "apiVersion"]) delete next[name];
  const metadata = ownMetadata(next);
  if (live === undefined) {
    metadata["uid"] = "0b6e3c1e-3f35-4a2c-8d5a-000000000001";
    metadata["creationTimestamp"] = step.at;
    if (kind.kind !== "Namespace") metadata["namespace"] = "default";
    return canonicalObject(kind.schema, next);
  }
  inheritSystemFields(next, live, {
    namespaced: kind.kind !== "Namespace",
    strategy: { allowUnconditionalUpdate: true },
  });
  metadata["resourceVersion"] = ownMetadata(live)["resourceVersion"] ?? "";
  keepTimesOfUnchanged(next, live);
  return canonicalObject(kind.schema, next);
}

function applied(kind: OwnedKind, write: FieldWrite, step: Step, live: JsonObject | undefined): JsonObject {
  const configuration = tree(step.object);
  const merged = applyBody({ ...write, force: step.force === true }, live, configuration);
  return decodeApplied({ kind: kind.kind, apiVersion: "v1", schema: kind.schema }, merged, configuration);
}

function updated(kind: OwnedKind, write: FieldWrite, step: Step, live: JsonObject | undefined): JsonObject {
  const next = decode(kind, step.object);
  if (live === undefined) for (const name of ["uid", "creationTimestamp"]) delete ownMetadata(next)[name];
  trackUpdate(write, live, next);
  return next;
}

function tree(object: object): JsonObject {
  const { value } = parseJson(Buffer.from(JSON.stringify(object)));
  return isJsonObject(value) ? value : jsonObject();
}

function decode(kind: OwnedKind, object: object): JsonObject {
  return decodeTree(kind, tree(object));
}

function decodeTree(kind: OwnedKind, value: JsonValue): JsonObject {
  const { object } = decodeObject(kind.schema, value, { kind: kind.kind, apiVersion: "v1" });
  keepReset(value, object);
  return object;
}
