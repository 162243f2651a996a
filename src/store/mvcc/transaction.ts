import { StrongroomError } from "../../errors/strongroom-error.ts";
import { checkKey, valueBytesMax } from "../key.ts";
import { revisionFloorMax } from "../store.ts";
import type { Operation, OperationResult, StoreLimits, Transaction, TransactionResult, TtlLeaseId } from "../store.ts";
import { holds } from "./compare.ts";
import type { Draft, Stage } from "./stage.ts";

/** What a transaction on the embedded and the memory engine may hold. */
export const mvccLimits: StoreLimits = {
  transactionBytesMax: 32 * 1024 * 1024,
  transactionOperationsMax: 4096,
};

/** Checks what can be checked without the store. Raises `invalid` and `too-large`. */
export function checkTransaction({ compares, thens, elses = [], revisionAtLeast }: Transaction): void {
  if (revisionAtLeast !== undefined && revisionAtLeast > revisionFloorMax) {
    throw new StrongroomError("invalid", `the revision to go on from must be at most ${revisionFloorMax}`);
  }
  for (const compare of compares) checkKey(compare.key);
  for (const branch of [thens, elses]) {
    if (branch.length > mvccLimits.transactionOperationsMax) {
      throw new StrongroomError(
        "too-large",
        `a transaction must have at most ${mvccLimits.transactionOperationsMax} operations`,
      );
    }
    const written = new Set<string>();
    for (const operation of branch) checkOperation(operation, written);
  }
}

function checkOperation(operation: Operation, written: Set<string>): void {
  checkKey(operation.key);
  if (operation.type === "get") return;
  if (written.has(operation.key)) {
    throw new StrongroomError("invalid", "a transaction must write each key at most once");
  }
  written.add(operation.key);
}

/**
 * Runs a transaction on a stage. When anything in it throws, the stage is as it
 * was. `checkTtlLease` raises `lease-not-found` for a lease that is not running.
 */
export function stageTransaction(
  stage: Stage,
  { compares, thens, elses = [], revisionAtLeast }: Transaction,
  checkTtlLease: (id: TtlLeaseId) => void,
): TransactionResult {
  const succeeded = compares.every((compare) => holds(compare, stage.head(compare.key)));
  const draft = stage.draft(revisionAtLeast);
  let sizeBytes = 0;
  const results: OperationResult[] = [];
  for (const operation of succeeded ? thens : elses) {
    if (operation.type === "put") {
      const value = valueOf(operation.value, draft);
      sizeBytes += value.length;
      if (sizeBytes > mvccLimits.transactionBytesMax) {
        throw new StrongroomError(
          "too-large",
          `the values of a transaction must be at most ${mvccLimits.transactionBytesMax} bytes`,
        );
      }
      if (operation.ttlLease !== undefined) checkTtlLease(operation.ttlLease);
      draft.put(operation.key, value, operation.ttlLease);
      results.push({ record: undefined });
    } else if (operation.type === "get") results.push({ record: draft.get(operation.key) });
    else {
      const record = draft.delete(operation.key);
      results.push({ record: record && operation.keysOnly === true ? { ...record, value: noValue } : record });
    }
  }
  stage.accept(draft);
  return { succeeded, revision: stage.state.revision, results };
}

const noValue = new Uint8Array();

function valueOf(value: (Operation & { type: "put" })["value"], draft: Draft): Uint8Array {
  const bytes = typeof value === "function" ? value(draft.revision) : value;
  checkValue(bytes);
  return bytes;
}

/** Raises `too-large` for a value over 8 MiB. */
export function checkValue(value: Uint8Array): void {
  if (value.length > valueBytesMax) {
    throw new StrongroomError("too-large", `a value must be at most ${valueBytesMax} bytes`);
  }
}
