/** Where the places of ways stand: one column per hop, what they lead to at the right. Model and layout, no drawing. */
import type { ReportStep } from "./report.ts";

/** Where something stands, counted from the left and from the top. */
export interface Spot {
  readonly column: number;
  readonly row: number;
}

export interface LaidNode extends Spot {
  /** `KIND NAMESPACE/NAME`. */
  readonly text: string;
  /** How many steps begin at it. */
  readonly outgoing: number;
}

export interface LaidEdge {
  readonly from: LaidNode;
  readonly to: LaidNode;
  readonly verb: string;
  /** Free spots in the columns between, through which it goes; nothing else stands there. */
  readonly via: readonly Spot[];
}

export interface Layout {
  readonly nodes: readonly LaidNode[];
  readonly edges: readonly LaidEdge[];
  readonly columns: number;
  readonly rows: number;
}

/**
 * Ways that share places are drawn as one graph. A place stands as many columns from the right as its longest way to an
 * end has steps, so that each step leads to the right (but one that closes a circle); in a column, in the order of what
 * follows, so that few lines cross. A step over several columns has a row to itself in those between.
 */
export function layoutOf(paths: readonly (readonly ReportStep[])[]): Layout {
  const steps = uniqueSteps(paths);
  const distance = distancesToEnd(steps);
  const columnMax = Math.max(0, ...distance.values());
  const nodes = new Map<string, LaidNode>();
  for (let column = columnMax; column >= 0; column--) {
    const texts = Array.from(distance.keys()).filter((text) => columnMax - (distance.get(text) ?? 0) === column);
    for (const node of columnOf(texts, column, steps, nodes)) nodes.set(node.text, node);
  }
  const taken = new Set(Array.from(nodes.values(), spotKey));
  const edges = steps.map(({ from, to, verb }): LaidEdge => {
    const [start, end] = [nodes.get(from)!, nodes.get(to)!]; // every place has a distance, so it was placed
    return { from: start, to: end, verb, via: freeLane(start, end, taken) };
  });
  const spots: readonly Spot[] = [...nodes.values(), ...edges.flatMap(({ via }) => via)];
  const rows = 1 + Math.max(-1, ...spots.map(({ row }) => row));
  return { nodes: Array.from(nodes.values()), edges, columns: columnMax + 1, rows };
}

/** Each place as near as may be to the middle of what it leads to, which is placed already. */
function columnOf(
  texts: readonly string[],
  column: number,
  steps: readonly ReportStep[],
  nodes: ReadonlyMap<string, LaidNode>,
): LaidNode[] {
  const aims = texts.map((text) => {
    const outgoing = steps.filter(({ from }) => from === text);
    const rows = outgoing.flatMap(({ to }) => nodes.get(to)?.row ?? []);
    const aim = rows.reduce((sum, row) => sum + row, 0) / Math.max(1, rows.length);
    return { text, outgoing: outgoing.length, aim };
  });
  aims.sort((a, b) => a.aim - b.aim);
  return aims.map(({ text, outgoing }, row) => ({ text, column, row, outgoing }));
}

/** Spots of the first row that is free in all columns between, and takes them. */
function freeLane(start: Spot, end: Spot, taken: Set<string>): Spot[] {
  const between = Array.from(
    { length: Math.max(0, end.column - start.column - 1) },
    (_, index) => start.column + 1 + index,
  );
  for (let row = 0; ; row++) {
    const lane = between.map((column) => ({ column, row }));
    if (lane.some((spot) => taken.has(spotKey(spot)))) continue;
    for (const spot of lane) taken.add(spotKey(spot));
    return lane;
  }
}

function spotKey({ column, row }: Spot): string {
  return `${column} ${row}`;
}

/** Steps that close a circle are left out of account. */
function distancesToEnd(steps: readonly ReportStep[]): Map<string, number> {
  const targets = new Map<string, string[]>();
  const reaches = (from: string, to: string): boolean => {
    return from === to || (targets.get(from) ?? []).some((next) => reaches(next, to));
  };
  for (const { from, to } of steps) if (!reaches(to, from)) targets.set(from, [...(targets.get(from) ?? []), to]);
  const distance = new Map<string, number>();
  const measure = (text: string): number => {
    const known = distance.get(text);
    if (known !== undefined) return known;
    const far = Math.max(-1, ...(targets.get(text) ?? []).map(measure)) + 1;
    distance.set(text, far);
    return far;
  };
  for (const { from, to } of steps) for (const text of [from, to]) measure(text);
  return distance;
}

function uniqueSteps(paths: readonly (readonly ReportStep[])[]): ReportStep[] {
  const known = new Map<string, ReportStep>();
  for (const step of paths.flat()) known.set(JSON.stringify([step.from, step.verb, step.to]), step);
  return Array.from(known.values());
}
