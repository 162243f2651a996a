/**
 * What every engine must do, whatever it is made of. An engine passes when its
 * test file calls {@link storeConformance} and all of it holds.
 */
import { historyConformance } from "./history.ts";
import { modelConformance } from "./model-properties.ts";
import { readConformance } from "./reads.ts";
import { snapshotConformance } from "./snapshots.ts";
import type { Subject } from "./subject.ts";
import { transactionConformance } from "./transactions.ts";
import { ttlLeaseConformance } from "./ttl-leases.ts";
import { watchConformance } from "./watches.ts";

/** Registers the tests for an engine; `name` begins the name of each. */
export function storeConformance(name: string, subject: Subject): void {
  readConformance(name, subject);
  transactionConformance(name, subject);
  watchConformance(name, subject);
  historyConformance(name, subject);
  ttlLeaseConformance(name, subject);
  snapshotConformance(name, subject);
  modelConformance(name, subject);
}
