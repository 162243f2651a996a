/** Ways as SVG that needs no script: boxes for places, arrows with the verb of each step. */
import { layoutOf } from "./layered-layout.ts";
import type { LaidEdge, LaidNode, Spot } from "./layered-layout.ts";
import { htmlText } from "./html-text.ts";
import type { ReportStep } from "./report.ts";
import { columnsOf, shortened, visible } from "./visible.ts";

const box = { width: 176, height: 54 };
const gap = { width: 140, height: 34 };
const margin = 8;
/** Letters that fit, at the sizes of the style sheet and with wide letters of a bad font. */
const nameColumns = 21;
const verbColumns = 18;
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

function left({ column }: Spot): number {
  return margin + column * (box.width + gap.width);
}

function top({ row }: Spot): number {
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
    `<text class="name" x="9" y="${second === "" ? (kind === "" ? 32 : 36) : 31}">${htmlText(first)}</text>`,
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

/**
 * An arrow that is straight below its verb and bent where it changes its row. The verb stands where the arrow is alone:
 * at its beginning, or at its end where several begin at one place.
 */
function drawEdge({ from, to, verb, via }: LaidEdge): string {
  const atEnd = from.outgoing > 1;
  const spots: readonly Spot[] = [from, ...via, to];
  const parts = spots.slice(1).map((spot, index) => {
    const [x1, y1] = [left(spots[index] ?? from) + box.width, middle(spots[index] ?? from)];
    const [x2, y2] = [left(spot), middle(spot)];
    const end = spot === to ? x2 - 8 : x2 + box.width; // free spots are passed in a straight line
    if (y1 === y2) return `H${end}`;
    const turn = gap.width * 0.22;
    return atEnd
      ? `C${x1 + turn} ${y1} ${x1} ${y2} ${x1 + turn} ${y2} H${end}`
      : `H${x2 - turn} C${x2} ${y1} ${x2 - turn} ${y2} ${x2 - 8} ${y2} H${end}`;
  });
  const [x2, y2] = [left(to), middle(to)];
  const lines = verbText(verb);
  const x = atEnd ? x2 - gap.width * 0.4 : left(from) + box.width + gap.width * 0.4;
  const y = (atEnd ? y2 : middle(from)) - 7;
  const texts = lines.map((words, index) => {
    return `<text class="verb" x="${x}" y="${y - (lines.length - 1 - index) * 13}">${htmlText(words)}</text>`;
  });
  return [
    `<path class="step" d="M${left(from) + box.width} ${middle(from)} ${parts.join(" ")}"/>`,
    `<path class="head" d="M${x2} ${y2} l-9 -5 v10 z"/>`,
    ...texts,
  ].join("");
}

function middle(spot: Spot): number {
  return top(spot) + box.height / 2;
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
