/** Where the places of ways stand: one column per hop, what they lead to at the right. Model and layout, no drawing. */
import type { ReportStep } from "./report.ts";

export interface LaidNode {
  /** `KIND NAMESPACE/NAME`. */
  readonly text: string;
  readonly column: number;
  readonly row: number;
}

export interface LaidEdge {
  readonly from: LaidNode;
  readonly to: LaidNode;
  readonly verb: string;
}

export interface Layout {
  readonly nodes: readonly LaidNode[];
  readonly edges: readonly LaidEdge[];
  readonly columns: number;
  readonly rows: number;
}

/**
 * Ways that share places are drawn as one graph. The column of a place is how far it is from the end, at its farthest, so
 * that every step leads to the right; in a column, places stand in the order of those they lead to, so that few lines cross.
 */
export function layoutOf(paths: readonly (readonly ReportStep[])[]): Layout {
  const distance = distancesToEnd(paths);
  const columnMax = Math.max(0, ...distance.values());
  const byColumn = new Map<number, string[]>();
  for (const [text, far] of distance) {
    const column = columnMax - far;
    byColumn.set(column, [...(byColumn.get(column) ?? []), text]);
  }
  const steps = uniqueSteps(paths);
  const nodes = placed(byColumn, columnMax, steps);
  return {
    nodes: Array.from(nodes.values()),
    edges: steps.map(({ from, to, verb }) => ({ from: nodes.get(from)!, to: nodes.get(to)!, verb })), // every place has a distance
    columns: columnMax + 1,
    rows: Math.max(0, ...Array.from(byColumn.values(), (column) => column.length)),
  };
}

function distancesToEnd(paths: readonly (readonly ReportStep[])[]): Map<string, number> {
  const distance = new Map<string, number>();
  const raise = (text: string, value: number): void => {
    distance.set(text, Math.max(distance.get(text) ?? 0, value));
  };
  for (const path of paths) {
    for (const [index, { from, to }] of path.entries()) {
      raise(from, path.length - index);
      raise(to, path.length - index - 1);
    }
  }
  return distance;
}

/** Rows from the right to the left: each place as near as may be to the first that it leads to. */
function placed(
  byColumn: ReadonlyMap<number, readonly string[]>,
  columnMax: number,
  steps: readonly ReportStep[],
): Map<string, LaidNode> {
  const nodes = new Map<string, LaidNode>();
  const targets = Map.groupBy(steps, ({ from }) => from);
  for (let column = columnMax; column >= 0; column--) {
    const aims = (byColumn.get(column) ?? []).map((text) => {
      const rows = (targets.get(text) ?? []).flatMap(({ to }) => nodes.get(to)?.row ?? []);
      return { text, aim: rows.length === 0 ? 0 : rows.reduce((sum, row) => sum + row, 0) / rows.length };
    });
    aims.sort((a, b) => a.aim - b.aim);
    for (const [row, { text }] of aims.entries()) nodes.set(text, { text, column, row });
  }
  return nodes;
}

function uniqueSteps(paths: readonly (readonly ReportStep[])[]): ReportStep[] {
  const known = new Map<string, ReportStep>();
  for (const step of paths.flat()) known.set(JSON.stringify([step.from, step.verb, step.to]), step);
  return Array.from(known.values());
}
