/**
 * A reporter for node:test: one line per test file, and in full only what failed.
 * Writes the totals as JSON to the file named by STRONGROOM_TEST_SUMMARY, if set:
 * sums over the files, because node's own total counts a file without tests as one
 * test that passed.
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { inspect } from "node:util";

export default async function* report(source) {
  const totals = { tests: 0, passed: 0, skipped: 0, todo: 0, filesWithoutTests: [] };
  for await (const event of source) {
    if (event.type === "test:fail") yield failure(event.data);
    else if (event.type === "test:stderr" || event.type === "test:stdout") yield event.data.message;
    else if (event.type === "test:summary") yield summary(event.data, totals);
  }
}

function failure(test) {
  // A suite fails because a test in it failed, which has been told already.
  if (test.details.error?.failureType === "subtestsFailed") return "";
  const place = test.file === undefined ? "" : ` (${relative(process.cwd(), test.file)}:${test.line ?? 1})`;
  const cause = test.details.error?.cause ?? test.details.error;
  return `FAIL ${test.name}${place}\n${indent(inspect(cause, { depth: 4 }))}\n`;
}

function summary(data, totals) {
  if (data.file === undefined) {
    const file = process.env.STRONGROOM_TEST_SUMMARY;
    if (file !== undefined) writeFileSync(file, JSON.stringify(totals));
    return "";
  }
  for (const name of ["tests", "passed", "skipped", "todo"]) totals[name] += data.counts[name];
  if (data.counts.tests === 0) totals.filesWithoutTests.push(relative(process.cwd(), data.file));
  const verdict = data.success ? "ok  " : "FAIL";
  const duration = (data.duration_ms / 1000).toFixed(1);
  return `${verdict} ${relative(process.cwd(), data.file)} (${data.counts.tests} tests, ${duration} s)\n`;
}

function indent(text) {
  return text.replace(/^/gm, "     ");
}
