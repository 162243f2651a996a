import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Compare } from "../store.ts";
import type { Head } from "./tables.ts";

/** Whether a condition holds for a key's head; an absent key compares as 0. */
export function holds(compare: Compare, head: Head | undefined): boolean {
  const actual = head ? targetOf(compare, head) : 0;
  switch (compare.relation) {
    case "=":
      return actual === compare.value;
    case "!=":
      return actual !== compare.value;
    case "<":
      return actual < compare.value;
    case ">":
      return actual > compare.value;
    default:
      compare.relation satisfies never;
      throw new StrongroomError("invalid", "a compare's relation must be one of = != < >");
  }
}

function targetOf(compare: Compare, head: Head): number {
  switch (compare.target) {
    case "mod-revision":
      return head.place.revision;
    case "create-revision":
      return head.createRevision;
    case "version":
      return head.version;
    default:
      compare.target satisfies never;
      throw new StrongroomError("invalid", "a compare's target must be mod-revision, create-revision or version");
  }
}
