/** The report for a terminal: the worst ways as sentences first, then counts, then what was found, by check. */
import { readSentence, unknownSentences } from "./coverage-text.ts";
import { evidenceText, pathFix, pathSentence, waySentence, worstPaths } from "./path-sentence.ts";
import { reportSeverities } from "./report.ts";
import { checkNamed } from "./check-named.ts";
import type { AppliedException, Report, ReportCheck, ReportFinding, ReportSeverity } from "./report.ts";
import { columnsOf, shortened, visible } from "./visible.ts";

export interface Terminal {
  /** How many columns lines may have. */
  readonly columns: number;
  readonly color: boolean;
}

const worstShown = 5;
/** Of a check and of notes; a person who wants all of thousands takes another form. */
const listedMax = 20;
/** Of kinds that are unknown for one reason. */
const kindsMax = 10;

/** Colours only repeat what a word says. */
const colors = {
  critical: "\u001b[1;31m",
  high: "\u001b[31m",
  medium: "\u001b[33m",
  low: "\u001b[36m",
  info: "\u001b[2m",
} as const satisfies Record<ReportSeverity, string>;

/** Lines for a terminal, each ended by a line break. */
export function* writeTable(report: Report, terminal: Terminal): Generator<string> {
  const writer = new TableWriter(terminal);
  yield* writer.worst(report);
  yield* writer.counts(report);
  for (const severity of reportSeverities) yield* writer.group(report, severity);
  yield* writer.decisions(report);
  yield* writer.coverage(report);
}

class TableWriter {
  readonly #columns: number;
  readonly #color: boolean;

  constructor({ columns, color }: Terminal) {
    this.#columns = Math.max(40, columns);
    this.#color = color;
  }

  *worst({ findings }: Report): Generator<string> {
    const worst = worstPaths(findings, worstShown);
    if (worst.length === 0) return;
    yield this.#heading(worst.length === 1 ? "The worst path" : `The ${worst.length} worst paths`);
    for (const [index, finding] of worst.entries()) {
      const label = `${index + 1}. ${this.#severity(finding.severity)} ${finding.score.value.toFixed(1)} `;
      const plain = `${index + 1}. ${finding.severity} ${finding.score.value.toFixed(1)} `;
      yield* this.#wrapped(waySentence(finding), label, "   ", plain.length);
      for (const { because } of finding.path) yield* this.#wrapped(`since ${because}`, "     ", "       ");
      yield* this.#wrapped(pathFix(finding), "   fix: ", "        ");
      yield "\n";
    }
  }

  *counts({ summary, gone, coverage }: Report): Generator<string> {
    const counts = reportSeverities.map((severity) => {
      const count = `${summary.bySeverity[severity]} ${severity}`;
      return summary.bySeverity[severity] === 0 ? count : this.#colored(severity, count);
    });
    yield `${plural(summary.findings, "finding")}: ${counts.join(", ")}.\n`;
    if (gone !== undefined) {
      yield `Against the baseline: ${summary.new ?? 0} new, ${summary.known ?? 0} known, ${gone.length} gone.\n`;
    }
    const unknown = unknownSentences(coverage, kindsMax).length;
    if (unknown > 0) yield `What is not known: ${plural(unknown, "thing")}, listed at the end.\n`;
    if (summary.suppressed > 0) yield `${plural(summary.suppressed, "finding")} excepted, listed below.\n`;
    yield "\n";
  }

  *group({ findings, checks }: Report, severity: ReportSeverity): Generator<string> {
    const byCheck = Map.groupBy(
      findings.filter((finding) => finding.severity === severity),
      ({ check }) => check,
    );
    for (const [id, found] of byCheck) {
      yield* this.#check(severity, checkNamed(checks, id), found);
    }
  }

  *#check(
    severity: ReportSeverity,
    { id, name, title, explanation }: ReportCheck,
    found: readonly ReportFinding[],
  ): Generator<string> {
    yield `${this.#severity(severity)} ${this.#bold(`${id} ${name}`)}: ${title} (${found.length})\n`;
    if (explanation !== "") yield* this.#wrapped(explanation, "  ", "  ");
    const fixes = new Set(found.map(({ fix }) => fix));
    for (const finding of found.slice(0, listedMax)) {
      const state = finding.state === "new" ? "new: " : "";
      yield* this.#wrapped(`${state}${finding.message}`, `  - ${finding.score.value.toFixed(1)} `, "    ");
      for (const line of evidenceLines(finding)) yield* this.#wrapped(line, "      ", "        ");
      if (fixes.size > 1) yield* this.#wrapped(finding.fix, "      fix: ", "           ");
    }
    if (found.length > listedMax) yield `  ... and ${found.length - listedMax} more; -o json has all.\n`;
    const [fix] = fixes;
    if (fixes.size === 1 && fix !== undefined) yield* this.#wrapped(fix, "  fix: ", "       ");
    yield "\n";
  }

  *decisions({ suppressed, exceptions }: Report): Generator<string> {
    if (suppressed.length > 0) yield this.#heading(`Excepted (${suppressed.length})`);
    const lines = suppressed.map(({ message, exception }) => `${message}: ${untilText(exception)}`);
    yield* this.#list(lines);
    yield* this.#list(exceptions.expired.map((each) => `Expired exception (${each.place}): ${untilText(each)}`));
    yield* this.#list(
      exceptions.unmatched.map((each) => `Exception that fits nothing (${each.place}): ${untilText(each)}`),
    );
    if (suppressed.length + exceptions.expired.length + exceptions.unmatched.length > 0) yield "\n";
  }

  *coverage({ coverage }: Report): Generator<string> {
    yield this.#heading("What is not known");
    const sentences = unknownSentences(coverage, kindsMax);
    yield* this.#wrapped(readSentence(coverage), "", "");
    yield* this.#list(sentences);
    if (sentences.length === 0) yield "Everything that is looked at was read.\n";
  }

  *#list(lines: readonly string[]): Generator<string> {
    for (const line of lines.slice(0, listedMax)) yield* this.#wrapped(line, "- ", "  ");
    if (lines.length > listedMax) yield `  ... and ${lines.length - listedMax} more; -o json has all.\n`;
  }

  /** `first` is how many columns the first indent takes, where it has colours. */
  *#wrapped(text: string, firstIndent: string, indent: string, first = firstIndent.length): Generator<string> {
    let [line, used] = [firstIndent, first];
    let isEmpty = true;
    for (const word of visible(text).split(" ")) {
      const columns = columnsOf(word);
      if (!isEmpty && used + 1 + columns > this.#columns) {
        yield `${line}\n`;
        [line, used, isEmpty] = [indent, indent.length, true];
      }
      line += isEmpty ? word : ` ${word}`;
      used += columns + (isEmpty ? 0 : 1);
      isEmpty = false;
    }
    yield `${line}\n`;
  }

  #heading(text: string): string {
    return `${this.#bold(shortened(text, this.#columns))}\n`;
  }

  #severity(severity: ReportSeverity): string {
    return this.#colored(severity, severity);
  }

  #colored(severity: ReportSeverity, text: string): string {
    return this.#color ? `${colors[severity]}${text}\u001b[0m` : text;
  }

  #bold(text: string): string {
    return this.#color ? `\u001b[1m${text}\u001b[0m` : text;
  }
}

/** The steps of a way say more than its evidence, which is the same objects. */
function evidenceLines({ path, evidence }: ReportFinding): string[] {
  if (path.length > 0) return [pathSentence(path)];
  return evidence.map(evidenceText);
}

function untilText({ reason, expires, owner }: AppliedException): string {
  return `${reason} (until ${expires}${owner === undefined ? "" : `, ${owner}`})`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
