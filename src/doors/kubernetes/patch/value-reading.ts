/**
 * What a patch does with values that its author may not read. A JSON patch can show one without setting it: `copy` and
 * `move` carry it to where it is seen (or where a message tells what is wrong with it), `test` says whether a guess is
 * right.
 */
import { isJsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { parseJsonPointer } from "./json-pointer.ts";

type Path = readonly string[];

/** Whether an operation of a JSON patch reads something at, above or below one of the places. */
export function jsonPatchReads(patch: JsonValue, places: readonly Path[]): boolean {
  const tests = operationsOf(patch).some(({ op, path }) => op === "test" && reaches(path, places));
  return tests || jsonPatchCopies(patch, places);
}

/** Whether an operation of a JSON patch puts elsewhere what is at, above or below one of the places. */
export function jsonPatchCopies(patch: JsonValue, places: readonly Path[]): boolean {
  return operationsOf(patch).some(({ op, from }) => (op === "copy" || op === "move") && reaches(from, places));
}

/** Whether an operation of a JSON patch names something at, above or below one of the places. */
export function jsonPatchTouches(patch: JsonValue, places: readonly Path[]): boolean {
  return operationsOf(patch).some(({ from, path }) => reaches(path, places) || reaches(from, places));
}

function operationsOf(patch: JsonValue): JsonObject[] {
  return Array.isArray(patch) ? patch.filter(isJsonObject) : [];
}

/** What is no pointer with a slash stands for the whole document. */
function reaches(pointer: JsonValue | undefined, places: readonly Path[]): boolean {
  if (typeof pointer !== "string") return false;
  const segments = parseJsonPointer(pointer) ?? [];
  const isOnTheWay = (place: Path) => place.every((part, index) => (segments[index] ?? part) === part);
  return places.some(isOnTheWay);
}
