/** What somebody waits for who scans a dump: from its text to the report for the terminal. */
import { scan } from "../../src/sight/findings/scan.ts";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { reportOfScan } from "../../src/sight/reports/report-of-scan.ts";
import { writeTable } from "../../src/sight/reports/table-report.ts";
import { readText } from "../../src/sight/sources/file-source.ts";
import { generateCluster } from "../generated-cluster.ts";
import type { ClusterSize } from "../generated-cluster.ts";
import { generatedObjects } from "../generated-objects.ts";
import type { Figure } from "../report.ts";

const usual = { namespaces: 30, nodes: 100, accounts: 170, pods: 1000, secrets: 700, bindings: 350 };
const large = { namespaces: 300, nodes: 3000, accounts: 5000, pods: 30_000, secrets: 20_000, bindings: 10_000 };

/** The size that has a goal, and unless it is to be quick, thirty times that. */
export function scanFigures(quick: boolean): Figure[] {
  return [{ ...scanFigure(usual), goal: { relation: "<", value: 10 } }, ...(quick ? [] : [scanFigure(large)])];
}

function scanFigure(size: ClusterSize): Figure {
  const dump = dumpOf(size);
  const started = performance.now();
  const answer = scan(buildGraph(readText("dump", "cluster.json", dump)), { now: Date.now() });
  const report = reportOfScan(answer, { baseline: undefined, exceptions: [], now: new Date() }, "bench");
  let length = 0;
  for (const line of writeTable(report, { columns: 100, color: false })) length += line.length;
  const seconds = (performance.now() - started) / 1000;
  return {
    name: `scan of a dump of ${size.pods} pods and ${size.secrets} secrets`,
    value: seconds,
    unit: "s",
    detail: `${report.findings.length} findings, ${(dump.length / 2 ** 20).toFixed(1)} MiB of JSON, ${length} characters`,
  };
}

function dumpOf(size: ClusterSize): string {
  const decoder = new TextDecoder();
  const items = generatedObjects(generateCluster(size)).map(({ apiVersion, kind, json }) => {
    return { apiVersion, kind, ...(JSON.parse(decoder.decode(json)) as object) };
  });
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
