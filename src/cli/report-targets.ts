/** Where the forms of a report go: `-o FORM` to standard output, `-o FORM=FILE` to a file, several at once. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { reportForms, writeReport } from "../sight/reports/report-forms.ts";
import type { ReportForm } from "../sight/reports/report-forms.ts";
import type { Report } from "../sight/reports/report.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { repeatableFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { noTerminal } from "./terminal.ts";

export const reportFlag: Flag = {
  ...repeatableFlag(
    "output",
    "FORM[=FILE]",
    `${reportForms.join(", ")}; table is the default. With a file, it goes there; one may go to standard output.`,
  ),
  short: "o",
};

export const outputFileFlag = valueFlag("output-file", "FILE", "Where the form goes that names no file.");

export interface ReportTarget {
  readonly form: ReportForm;
  /** As the person named it; undefined is standard output. */
  readonly file: string | undefined;
}

/** Raises a usage error for a form that there is not, for two forms of one place, and for a file without a form. */
export function reportTargets({ flags }: Invocation): ReportTarget[] {
  const file = flags.one(outputFileFlag);
  const targets = (flags.many(reportFlag) ?? ["table"]).map((written) => targetOf(written, file));
  const places = targets.map((target) => target.file ?? "standard output");
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice !== undefined) throw usageError(`--output must not name two forms for ${twice}`);
  if (file !== undefined && !places.includes(file)) throw usageError("--output-file must have a form for it");
  return targets;
}

function targetOf(written: string, rest: string | undefined): ReportTarget {
  const equals = written.indexOf("=");
  const word = equals < 0 ? written : written.slice(0, equals);
  const form = reportForms.find((each) => each === word);
  if (form === undefined) throw usageError(`--output must be one of ${reportForms.join(", ")}`);
  const named = equals < 0 ? rest : written.slice(equals + 1);
  if (named === "") throw usageError(`--output ${form}= must name a file`);
  return { form, file: named };
}

/** Writes every form. A file appears whole or not at all. */
export async function writeTargets(
  report: Report,
  targets: readonly ReportTarget[],
  { environment, output }: Invocation,
): Promise<void> {
  for (const { form, file } of targets) {
    if (file === undefined) {
      const pieces = writeReport(report, form, output.terminal ?? noTerminal);
      for (const piece of joined(pieces)) output.write(piece);
    } else {
      await writeWhole(resolve(environment.workingDirectory, file), writeReport(report, form, noTerminal));
    }
  }
}

/** Through a file beside it, so that nobody reads half of it and a full disk leaves the old one. */
export async function writeWhole(path: string, pieces: Iterable<string>): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await pipeline(Readable.from(joined(pieces)), createWriteStream(draft, { flags: "wx" }));
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

const pieceBytes = 64 * 1024;

/** Fewer and larger pieces: a system call for each small one takes longer than writing the report. */
function* joined(pieces: Iterable<string>): Generator<string> {
  let held: string[] = [];
  let length = 0;
  for (const piece of pieces) {
    held.push(piece);
    length += piece.length;
    if (length < pieceBytes) continue;
    yield held.join("");
    [held, length] = [[], 0];
  }
  if (length > 0) yield held.join("");
}
