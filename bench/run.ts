/**
 * How fast and how small, against the goals:
 *
 *     npm run bench -- [--json] [--quick] [--only NAME]...
 *
 * Everything measured runs in processes of its own, on loopback, on stores in
 * temporary folders that are removed. `--quick` takes fewer and shorter runs and
 * smaller stores: for a first look, not for figures to quote. The exit code is 1 when a goal is missed.
 * docs/performance.md says what each figure means.
 */
import { parseArgs } from "node:util";
import { measureApply } from "./goals/apply.ts";
import { measureAuditCost } from "./goals/audit-cost.ts";
import { measureAuditIndex } from "./goals/audit-index.ts";
import { measureAuditLog } from "./goals/audit-log.ts";
import { measureAuthorization } from "./goals/authorization.ts";
import { measureBackup } from "./goals/backup.ts";
import { measureClusterAudit } from "./goals/cluster-audit.ts";
import { measureEncryption } from "./goals/crypto.ts";
import { measureProviders } from "./goals/encryption.ts";
import { measureEngine } from "./goals/engine.ts";
import { measureEtcdDoor } from "./goals/etcd-door.ts";
import { measureEtcdSnapshot } from "./goals/etcd-snapshot.ts";
import { measureHistory } from "./goals/history.ts";
import { measureIdleWatches } from "./goals/idle-watches.ts";
import { measureInformer } from "./goals/informer.ts";
import { measureLargeList, measureSmallList } from "./goals/lists.ts";
import { measurePeer } from "./goals/peer.ts";
import { measureRbacReads } from "./goals/rbac-reads.ts";
import { measureReports } from "./goals/reports.ts";
import { measureSight } from "./goals/sight.ts";
import { measureStart } from "./goals/start.ts";
import { measureStore } from "./goals/store.ts";
import { measureThroughput } from "./goals/throughput.ts";
import { measureWatch } from "./goals/watch.ts";
import { generator } from "./load-generator.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { passes, table } from "./report.ts";
import type { Section } from "./report.ts";

const benchmarks: Readonly<Record<string, (quick: boolean) => Promise<Section | readonly Section[]>>> = {
  crypto: measureEncryption,
  encryption: measureProviders,
  engine: measureEngine,
  throughput: measureThroughput,
  apply: measureApply,
  authorization: measureAuthorization,
  "audit-log": measureAuditLog,
  "audit-index": measureAuditIndex,
  "audit-cost": measureAuditCost,
  "cluster-audit": measureClusterAudit,
  "rbac-reads": measureRbacReads,
  "list-small": measureSmallList,
  "list-large": measureLargeList,
  history: measureHistory,
  backup: measureBackup,
  watch: measureWatch,
  "idle-watches": measureIdleWatches,
  informer: measureInformer,
  start: measureStart,
  store: measureStore,
  sight: measureSight,
  reports: measureReports,
  "etcd-snapshot": measureEtcdSnapshot,
  "etcd-door": measureEtcdDoor,
  peer: measurePeer,
};

const names = Object.keys(benchmarks);
const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
  },
});
const unknown = options.only.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`--only must be one of ${names.join(", ")}, and was ${unknown.join(", ")}`);

const machine = describeMachine();
if (!options.json) console.log(`${machineLine(machine)}\n`);
const sections: Section[] = [];
for (const [name, measure] of Object.entries(benchmarks)) {
  if (options.only.length > 0 && !options.only.includes(name)) continue;
  for (const section of [await measure(options.quick)].flat()) {
    sections.push(section);
    if (!options.json) console.log(`${table(section)}\n`);
  }
}
const figures = sections.flatMap((section) => section.figures);
if (options.json) {
  const judged = sections.map((section) => ({
    name: section.name,
    figures: section.figures.map((figure) => ({ ...figure, pass: passes(figure) })),
  }));
  console.log(JSON.stringify({ machine, generator, quick: options.quick, sections: judged }, undefined, 2));
}
if (figures.some((figure) => passes(figure) === false)) process.exitCode = 1;
