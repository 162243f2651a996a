import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson, jsonObject } from "../codec/json.ts";
import { ageCell, humanDuration } from "./human-duration.ts";

test("humanDuration prints what apimachinery prints", () => {
  const table = JSON.parse(readFileSync(new URL("testdata/human-durations.json", import.meta.url), "utf8")) as {
    cases: { millis: number; result: string }[];
  }; // the file is ours
  assert.ok(table.cases.length > 80);
  for (const { millis, result } of table.cases) assert.equal(humanDuration(millis), result, String(millis));
});

test("humanDuration changes form at each bound", () => {
  const [minute, hour, day] = [60, 3600, 86_400];
  const cases: readonly (readonly [seconds: number, text: string])[] = [
    [-2, "<invalid>"],
    [-1.5, "0s"],
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [121, "2m1s"],
    [10 * minute - 1, "9m59s"],
    [10 * minute, "10m"],
    [3 * hour - 1, "179m"],
    [3 * hour, "3h"],
    [8 * hour - 1, "7h59m"],
    [8 * hour, "8h"],
    [48 * hour - 1, "47h"],
    [48 * hour, "2d"],
    [49 * hour, "2d1h"],
    [8 * day, "8d"],
    [730 * day - 1, "729d"],
    [730 * day, "2y"],
    [731 * day, "2y1d"],
    [8 * 365 * day, "8y"],
  ];
  for (const [seconds, text] of cases) assert.equal(humanDuration(seconds * 1000), text, String(seconds));
});

test("ageCell counts from the creationTimestamp and says when there is none", () => {
  const now = new Date("2024-01-01T00:05:30Z");
  const object = cloneJson<JsonObject>({ metadata: { creationTimestamp: "2024-01-01T00:00:00Z" } });
  assert.equal(ageCell(object, now), "5m30s");
  assert.equal(ageCell(jsonObject(), now), "<unknown>");
});
