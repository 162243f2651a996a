/**
 * The report as one page that needs nothing else: no network, no script, one style sheet that the page's own policy
 * names by its digest. What a browser would run could only come from a name that escaped its text, and the policy forbids
 * that too.
 */
import { createHash } from "node:crypto";
import { checkNamed } from "./check-named.ts";
import { coverageSentences, readSentence, unknownSentences } from "./coverage-text.ts";
import { findingDetails, sentenceOf, stepList } from "./html-finding.ts";
import { htmlStyle } from "./html-style.ts";
import { htmlName, htmlText } from "./html-text.ts";
import { drawPaths } from "./path-drawing.ts";
import { pathFix, worstPaths } from "./path-sentence.ts";
import { reportSeverities } from "./report.ts";
import type { Report, ReportFinding, ReportSeverity } from "./report.ts";

const worstShown = 5;
/** So many findings of a page have their way drawn, about 3 KiB each; all have it as a list. */
const drawnMax = 200;

/** The page, a finding at a time. */
export function* writeHtml(report: Report): Generator<string> {
  yield pageHead(report);
  yield `<main>\n`;
  yield* writeWorst(report);
  yield* writeFindings(report);
  yield* writeDecisions(report);
  yield* writeCoverage(report);
  yield "</main>\n</body>\n</html>\n";
}

function pageHead({ tool, generatedAt, summary, gone, coverage }: Report): string {
  const digest = createHash("sha256").update(htmlStyle).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  const counts = reportSeverities.map((severity) => {
    return `<li class="${severity}"><b>${summary.bySeverity[severity]}</b> ${severity}</li>`;
  });
  const against =
    gone === undefined
      ? ""
      : `<p>Against the baseline: ${summary.new ?? 0} new, ${summary.known ?? 0} known, ${gone.length} gone.</p>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Strongroom scan: ${summary.findings} findings</title>
<style>${htmlStyle}</style>
</head>
<body>
<a class="skip" href="#findings">Skip to the findings</a>
<header>
<h1>Strongroom scan</h1>
<p class="quiet">Made by strongroom ${htmlText(tool.version)}, <time datetime="${htmlText(generatedAt)}">${htmlText(generatedAt)}</time>. It holds names, never values of secrets.</p>
<ul class="counts" aria-label="Findings by severity">
${counts.join("\n")}
</ul>
<p>${htmlText(readSentence(coverage))}</p>
<p>${summary.findings} findings, ${summary.suppressed} excepted. <a href="#coverage">What is not known (${unknownSentences(coverage).length})</a></p>
${against}</header>
`;
}

function* writeWorst({ findings }: Report): Generator<string> {
  const worst = worstPaths(findings, worstShown);
  if (worst.length === 0) return;
  yield `<section aria-labelledby="worst"><h2 id="worst">The worst paths</h2>\n`;
  const drawn = worst.filter(({ path }) => path.length > 0).map(({ path }) => path);
  if (drawn.length > 0) yield drawing(drawPaths(drawn, "The worst paths in one picture"), "The worst paths, drawn");
  yield `<ol class="worst">\n`;
  for (const finding of worst) {
    yield `<li><p>${badge(finding.severity)}${finding.score.value.toFixed(1)} ${sentenceOf(finding)}</p>\n`;
    yield `<p><strong>Fix:</strong> ${htmlText(pathFix(finding))}</p>\n`;
    if (finding.path.length > 0) yield stepList(finding.path);
    yield `<p><a href="#${anchorOf(finding)}">Evidence and verification</a></p>\n</li>\n`;
  }
  yield "</ol>\n</section>\n";
}

function* writeFindings(report: Report): Generator<string> {
  yield `<section aria-labelledby="findings"><h2 id="findings" tabindex="-1">Findings</h2>\n`;
  if (report.findings.length === 0) return yield "<p>Nothing was found.</p>\n</section>\n";
  const present = reportSeverities.filter((severity) => report.summary.bySeverity[severity] > 0);
  yield `<fieldset class="filter"><legend>Show</legend>\n`;
  for (const severity of present) {
    yield `<label><input type="checkbox" id="s-${severity}" checked autocomplete="off"> ${severity}</label>\n`;
  }
  yield "</fieldset>\n</section>\n";
  let drawn = 0;
  const linked = new Set<string>();
  for (const severity of present) {
    yield `<section class="${severity}" aria-labelledby="h-${severity}"><h2 id="h-${severity}">${title(severity)} (${report.summary.bySeverity[severity]})</h2>\n`;
    const found = report.findings.filter((finding) => finding.severity === severity);
    for (const [id, group] of Map.groupBy(found, ({ check }) => check)) {
      yield checkHead(report, id, group.length);
      for (const finding of group) {
        const isDrawn = finding.path.length > 0 && drawn < drawnMax;
        if (isDrawn) drawn++;
        const isLinked = !linked.has(finding.fingerprint); // two objects of one name make two findings
        linked.add(finding.fingerprint);
        yield findingItem(finding, { isDrawn, isLinked });
      }
    }
    yield "</section>\n";
  }
}

function checkHead({ checks }: Report, id: string, count: number): string {
  const check = checkNamed(checks, id);
  const head = `<h3>${htmlText(check.id)} ${htmlText(check.name)}: ${htmlText(check.title)} (${count})</h3>`;
  return `${head}\n<p class="quiet">${htmlText(check.explanation)}</p>\n`;
}

/** What a link to a finding ends with; the same in the next report. A browser opens what such a link is in. */
function anchorOf({ fingerprint }: ReportFinding): string {
  return `f-${fingerprint.replaceAll(/[^\w-]/g, "")}`;
}

function findingItem(
  finding: ReportFinding,
  { isDrawn, isLinked }: { readonly isDrawn: boolean; readonly isLinked: boolean },
): string {
  const state = finding.state === undefined ? "" : `<strong>${finding.state}</strong> `;
  const head = `${badge(finding.severity)}${finding.score.value.toFixed(1)} ${state}${htmlText(finding.message)}`;
  const picture = isDrawn
    ? drawing(drawPaths([finding.path], `The path of: ${finding.message}`), `Path of ${finding.id}, drawn`)
    : "";
  const anchor = isLinked ? ` id="${anchorOf(finding)}"` : "";
  return `<details><summary>${head}</summary><div class="body"${anchor}>\n${picture}${findingDetails(finding)}</div></details>\n`;
}

function* writeDecisions({ suppressed, exceptions, gone }: Report): Generator<string> {
  if (suppressed.length > 0) {
    yield `<section aria-labelledby="excepted"><h2 id="excepted">Excepted (${suppressed.length})</h2>\n<ul>\n`;
    for (const { severity, message, exception } of suppressed) {
      yield `<li>${badge(severity)}${htmlText(message)}: until ${htmlText(exception.expires)}, ${htmlText(exception.reason)}</li>\n`;
    }
    yield "</ul>\n</section>\n";
  }
  const notes = [
    ...exceptions.expired.map((each) => ({ what: "Expired", ...each })),
    ...exceptions.unmatched.map((each) => ({ what: "Fits nothing", ...each })),
  ];
  if (notes.length > 0) {
    yield `<section aria-labelledby="notes"><h2 id="notes">Exceptions to look at (${notes.length})</h2>\n<ul>\n`;
    for (const { what, reason, expires, place } of notes) {
      yield `<li>${what}, until ${htmlText(expires)} (${htmlName(place)}): ${htmlText(reason)}</li>\n`;
    }
    yield "</ul>\n</section>\n";
  }
  if (gone === undefined || gone.length === 0) return;
  yield `<section aria-labelledby="gone"><h2 id="gone">Gone since the baseline (${gone.length})</h2>\n<ul>\n`;
  for (const { id } of gone) yield `<li>${htmlName(id)}</li>\n`;
  yield "</ul>\n</section>\n";
}

function* writeCoverage({ coverage }: Report): Generator<string> {
  yield `<section aria-labelledby="coverage"><h2 id="coverage">What is known, and what is not</h2>\n<ul>\n`;
  for (const sentence of coverageSentences(coverage)) yield `<li>${htmlText(sentence)}</li>\n`;
  yield "</ul>\n</section>\n";
}

/** Wider than the page, it is moved by keys, for which it must take the focus. */
function drawing(svg: string, label: string): string {
  return `<div class="drawing" role="region" tabindex="0" aria-label="${htmlText(label)}">\n${svg}\n</div>\n`;
}

function badge(severity: ReportSeverity): string {
  return `<span class="badge ${severity}">${severity}</span>`;
}

function title(word: string): string {
  return `${word[0]?.toUpperCase() ?? ""}${word.slice(1)}`;
}
