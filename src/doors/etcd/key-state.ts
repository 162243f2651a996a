/** The state of a key, and the conditions of a transaction on it. Source: etcd server/etcdserver/apply.go (applyCompares). */
import { compareRelations, compareTargets } from "./messages/kv.ts";
import type { Compare, KeyValue } from "./messages/kv.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";

/** Undefined where there is none. */
export type KeyState = KeyValue;

const noValue = new Uint8Array();

/** Whether a condition holds; an absent key has zero in everything, and no value to compare. Raises `invalid`. */
export function holds(compare: Compare, state: KeyState | undefined): boolean {
  const target = compareTargets[compare.target];
  const relation = compareRelations[compare.result];
  if (target === undefined || relation === undefined)
    throw new StrongroomError("invalid", "a compare must be one of etcd's");
  if (target === "value") {
    if (state === undefined) return false;
    return relates(Buffer.compare(state.value, compare.value ?? noValue), relation);
  }
  return relates(Math.sign((state?.[target] ?? 0) - compare[target]), relation);
}

function relates(order: number, relation: (typeof compareRelations)[number]): boolean {
  switch (relation) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case ">":
      return order > 0;
    case "<":
      return order < 0;
    default:
      return relation satisfies never;
  }
}
