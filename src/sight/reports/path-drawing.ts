/** Ways as SVG that needs no script: boxes for places, arrows with the verb of each step. */
import { layoutOf } from "./layered-layout.ts";
import type { LaidEdge, LaidNode } from "./layered-layout.ts";
import { htmlText } from "./html-text.ts";
import type { ReportStep } from "./report.ts";
import { columnsOf, shortened, visible } from "./visible.ts";

const box = { width: 184, height: 54 };
const gap = { width: 156, height: 32 };
const margin = 8;
/** Letters that fit, at the sizes of the style sheet and with wide letters of a bad font. */
const nameColumns = 23;
const verbColumns = 20;
const verbLines = 3;

/** `label` says what is drawn, for who does not see it; the same ways must stand beside it as text. */
export function drawPaths(paths: readonly (readonly ReportStep[])[], label: string): string {
  const layout = layoutOf(paths);
  const width = layout.columns * (box.width + gap.width) - gap.width + 2 * margin;
  const height = layout.rows * (box.height + gap.height) - gap.height + 2 * margin;
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return [
    `<svg class="path" role="img" aria-label="${htmlText(label)}" ${size}>`,
    ...layout.edges.map(drawEdge),
    ...layout.nodes.map((node) => drawNode(node, layout.columns)),
    "</svg>",
  ].join("\n");
}

function left({ column }: LaidNode): number {
  return margin + column * (box.width + gap.width);
}

function top({ row }: LaidNode): number {
  return margin + row * (box.height + gap.height);
}

/** What cannot be read in the box is in its title. The inner SVG cuts off what a wide font makes too long. */
function drawNode(node: LaidNode, columns: number): string {
  const shown = visible(node.text);
  const blank = /^\p{Lu}\S* /u.test(shown) ? shown.indexOf(" ") : -1;
  const kind = blank < 0 ? "" : shown.slice(0, blank);
  const name = blank < 0 ? shown : shown.slice(blank + 1);
  const role = node.column === 0 ? " source" : node.column === columns - 1 ? " target" : "";
  const [first, second] = nameLines(name);
  return [
    `<svg class="place${role}" x="${left(node)}" y="${top(node)}" width="${box.width}" height="${box.height}">`,
    `<title>${htmlText(node.text)}</title>`,
    `<rect x="1" y="1" width="${box.width - 2}" height="${box.height - 2}" rx="6"/>`,
    `<text class="kind" x="9" y="16">${htmlText(shortened(kind, nameColumns))}</text>`,
    `<text class="name" x="9" y="${second === "" ? 36 : 31}">${htmlText(first)}</text>`,
    second === "" ? "" : `<text class="name" x="9" y="46">${htmlText(second)}</text>`,
    "</svg>",
  ].join("");
}

/** A name that is too long for one line is parted after its namespace, or anywhere. */
function nameLines(name: string): readonly [string, string] {
  if (columnsOf(name) <= nameColumns) return [name, ""];
  const slash = name.indexOf("/");
  if (slash >= 0)
    return [shortened(name.slice(0, slash + 1), nameColumns), shortened(name.slice(slash + 1), nameColumns)];
  const characters = Array.from(name);
  const head = characters.slice(0, nameColumns).join("");
  if (columnsOf(head) > nameColumns) return [shortened(name, nameColumns), ""];
  return [head, shortened(characters.slice(nameColumns).join(""), nameColumns)];
}

/** An arrow that goes straight below its verb and is bent after it, so that no arrow runs through a verb. */
function drawEdge({ from, to, verb }: LaidEdge): string {
  const [x1, y1] = [left(from) + box.width, top(from) + box.height / 2];
  const [x2, y2] = [left(to), top(to) + box.height / 2];
  const turn = x2 - gap.width * 0.22;
  const line = y1 === y2 ? `H${x2 - 8}` : `H${turn} C${x2 - 10} ${y1} ${turn + 6} ${y2} ${x2 - 8} ${y2}`;
  const lines = verbText(verb);
  const texts = lines.map((words, index) => {
    const y = y1 - 7 - (lines.length - 1 - index) * 13;
    return `<text class="verb" x="${x1 + gap.width * 0.4}" y="${y}">${htmlText(words)}</text>`;
  });
  return [
    `<path class="step" d="M${x1} ${y1} ${line}"/>`,
    `<path class="head" d="M${x2} ${y2} l-9 -5 v10 z"/>`,
    ...texts,
  ].join("");
}

function verbText(verb: string): string[] {
  const lines: string[] = [];
  for (const word of visible(verb).replace(/,$/, "").split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && columnsOf(last) + 1 + columnsOf(word) <= verbColumns) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(shortened(word, verbColumns));
  }
  return lines.length <= verbLines ? lines : [...lines.slice(0, verbLines - 1), `${lines[verbLines - 1] ?? ""}…`];
}
