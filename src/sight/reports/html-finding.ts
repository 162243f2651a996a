/** One finding in the page: what its way is, what shows it, what to do. */
import { moreSecrets } from "./path-sentence.ts";
import { htmlName, htmlText } from "./html-text.ts";
import type { ReportFinding, ReportStep } from "./report.ts";

/** A way as a sentence in which names are set apart from joining words. */
export function sentenceOf({ message, path, secrets }: ReportFinding): string {
  const [first, ...rest] = path;
  if (first === undefined) return htmlText(message);
  const parts = [
    `${htmlName(first.from)} ${htmlText(first.verb)} ${htmlName(first.to)}`,
    ...rest.map(({ verb, to }) => `which ${htmlText(verb)} ${htmlName(to)}`),
  ];
  return `${parts.join(", ")}${moreSecrets(secrets)}`;
}

/** The steps of a way as a list: what the drawing shows, and why each is so. */
export function stepList(path: readonly ReportStep[]): string {
  const items = path.map(({ from, verb, to, because }) => {
    const sentence = `${htmlName(from)} ${htmlText(verb)} ${htmlName(to)}`;
    return `<li>${sentence}<br><span class="quiet">since ${htmlText(because)}</span></li>\n`;
  });
  return `<ol>\n${items.join("")}</ol>\n`;
}

/** Everything that is said of a finding but its drawing. */
export function findingDetails(finding: ReportFinding): string {
  const { path, evidence, explanation, fix, patch, verify, unknown, score } = finding;
  return [
    path.length === 0 ? "" : `<h4>Path</h4>\n${stepList(path)}`,
    `<h4>Why it matters</h4>\n<p>${htmlText(explanation)}</p>\n`,
    `<h4>Evidence</h4>\n<ul>\n${evidence.map(evidenceItem).join("")}</ul>\n`,
    `<h4>Fix</h4>\n<p>${htmlText(fix)}</p>\n`,
    patch === undefined ? "" : codeBlock(patch.command ?? patch.text),
    `<h4>Verify</h4>\n${codeBlock(verify.command)}<p>${htmlText(verify.expect)}</p>\n`,
    unknown.length === 0 ? "" : `<h4>Not known</h4>\n<ul>\n${unknown.map(listItem).join("")}</ul>\n`,
    `<h4>Score ${score.value.toFixed(1)} (${htmlText(score.formula)})</h4>\n<ul>\n${score.factors.map(factorItem).join("")}</ul>\n`,
    frameworksLine(finding),
    `<p class="quiet">Fingerprint ${htmlName(finding.fingerprint)}</p>\n`,
  ].join("");
}

function evidenceItem({ object, place, field, text }: ReportFinding["evidence"][number]): string {
  const where = field === "" ? "" : ` ${htmlName(field)}`;
  return `<li>${htmlName(object)} (${htmlName(place)})${where}: ${htmlText(text)}</li>\n`;
}

function factorItem({ name, value, because }: ReportFinding["score"]["factors"][number]): string {
  return `<li>${htmlText(name)} ${value}: ${htmlText(because)}</li>\n`;
}

function frameworksLine({ frameworks }: ReportFinding): string {
  const names = { cis: "CIS", nsa: "NSA", owaspK8s: "OWASP", attack: "ATT&CK" } as const;
  const listed = Object.entries(names).flatMap(
    ([key, name]) => frameworks[key as keyof typeof names].map((id) => `${name} ${id}`), // the keys of the constant above
  );
  return listed.length === 0 ? "" : `<p class="quiet">${htmlText(listed.join(", "))}</p>\n`;
}

function listItem(text: string): string {
  return `<li>${htmlText(text)}</li>\n`;
}

/** Line breaks of a patch stay; each line is of others. */
function codeBlock(text: string): string {
  return `<pre>${text.split("\n").map(htmlText).join("\n")}</pre>\n`;
}
