/** The forms a report is written in. */
import { writeCsv } from "./csv-report.ts";
import { writeHtml } from "./html-report.ts";
import { writeJson } from "./json-report.ts";
import { writeJunit } from "./junit-report.ts";
import { writeMarkdown } from "./markdown-report.ts";
import { writeOpenGraph } from "./open-graph-report.ts";
import { writePolicyReports } from "./policy-report.ts";
import { writePrometheus } from "./prometheus-report.ts";
import type { Report } from "./report.ts";
import { writeSarif } from "./sarif-report.ts";
import { writeTable } from "./table-report.ts";
import type { Terminal } from "./table-report.ts";
import { writeYaml } from "./yaml-report.ts";

export const reportForms = [
  "table",
  "json",
  "yaml",
  "sarif",
  "csv",
  "junit",
  "markdown",
  "html",
  "policyreport",
  "opengraph",
  "prometheus",
] as const;
export type ReportForm = (typeof reportForms)[number];

/** The report in pieces of at most a finding, for memory's sake; `terminal` is for the table. */
export function writeReport(report: Report, form: ReportForm, terminal: Terminal): Iterable<string> {
  switch (form) {
    case "table":
      return writeTable(report, terminal);
    case "json":
      return writeJson(report);
    case "yaml":
      return writeYaml(report);
    case "sarif":
      return writeSarif(report);
    case "csv":
      return writeCsv(report);
    case "junit":
      return writeJunit(report);
    case "markdown":
      return writeMarkdown(report);
    case "html":
      return writeHtml(report);
    case "policyreport":
      return writePolicyReports(report);
    case "opengraph":
      return writeOpenGraph(report);
    case "prometheus":
      return writePrometheus(report);
    default:
      return form satisfies never;
  }
}
