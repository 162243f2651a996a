/** What a scan puts out, of 10,000 findings: how long each form takes. */
import { reportForms, writeReport } from "../../src/sight/reports/report-forms.ts";
import { sampleFinding, sampleReport } from "../../test/support/report-samples.ts";
import type { Section } from "../report.ts";

export async function measureReports(quick: boolean): Promise<Section> {
  const count = quick ? 1000 : 10_000;
  const findings = Array.from({ length: count }, (_, index) => {
    const object = { kind: "User", namespace: "", name: `user-${index}`, place: `cluster.yaml:${index + 1}` };
    return sampleFinding({ fingerprint: `f${index}`, object });
  });
  const report = sampleReport(findings);
  return {
    name: `Reports: ${count} findings, each with a way of three steps`,
    figures: reportForms.map((form) => {
      const started = performance.now();
      let length = 0;
      for (const piece of writeReport(report, form, { columns: 100, color: false })) length += piece.length;
      const value = performance.now() - started;
      const detail = `${(length / 1e6).toFixed(1)} MB`;
      return { name: form, value, unit: "ms", goal: { relation: "<", value: 5000 }, detail };
    }),
  };
}
