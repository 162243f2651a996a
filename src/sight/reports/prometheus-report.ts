/** Numbers of a scan for dashboards, in the text format of Prometheus: counts only, no name of anything of a cluster. */
import { reportSeverities } from "./report.ts";
import type { Report } from "./report.ts";

/** As for the collector of text files of a node exporter. Kinds and checks are ours, so they may be labels. */
export function* writePrometheus(report: Report): Generator<string> {
  const { findings, suppressed, exceptions, coverage, generatedAt, checks } = report;
  yield* metric("findings", "Findings that are not excepted", function* () {
    for (const { id } of checks) {
      for (const severity of reportSeverities) {
        const count = findings.filter((each) => each.check === id && each.severity === severity).length;
        if (count > 0) yield [{ check: id, severity }, count];
      }
    }
  });
  yield* metric("new_findings", "Findings that the baseline has not", function* () {
    for (const severity of reportSeverities) {
      yield [{ severity }, findings.filter((each) => each.state === "new" && each.severity === severity).length];
    }
  });
  yield* metric("excepted_findings", "Findings that are excepted", () => [[{}, suppressed.length]]);
  yield* metric("expired_exceptions", "Exceptions that are past their day", () => [[{}, exceptions.expired.length]]);
  yield* metric("unknown", "What was not read, by kind", function* () {
    for (const [kind, needs] of Map.groupBy(coverage.needs, (need) => need.kind)) yield [{ kind }, needs.length];
  });
  yield* metric("problems", "What could not be used of what was read", () => [
    [{}, coverage.problems.length + coverage.unresolved.length],
  ]);
  yield* metric("timestamp_seconds", "When it was scanned", () => [[{}, Date.parse(generatedAt) / 1000]]);
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

function* metric(name: string, help: string, samples: () => Iterable<Sample>): Generator<string> {
  const full = `strongroom_scan_${name}`;
  yield `# HELP ${full} ${help}.\n# TYPE ${full} gauge\n`;
  for (const [labels, value] of samples()) {
    const listed = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`);
    yield `${full}${listed.length === 0 ? "" : `{${listed.join(",")}}`} ${value}\n`;
  }
}
