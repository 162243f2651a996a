/** What the benchmarks hand back, and how it is shown to people. */

/** One measured figure; with a goal it passes or fails. */
export interface Figure {
  /** e.g. `GET of one 1 KiB secret, 64 connections`. */
  readonly name: string;
  readonly value: number;
  /** e.g. `x bare`, `ms`, `MiB`, `1/s`. */
  readonly unit: string;
  readonly goal?: Goal;
  /** Where the value comes from: the absolute figures behind a ratio, the number of runs. */
  readonly detail?: string;
}

export interface Goal {
  readonly relation: ">=" | "<=" | "<";
  readonly value: number;
}

/** The figures of one benchmark. */
export interface Section {
  readonly name: string;
  readonly figures: readonly Figure[];
}

/** Undefined for a figure without a goal. */
export function passes({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined;
  if (goal.relation === ">=") return value >= goal.value;
  return goal.relation === "<=" ? value <= goal.value : value < goal.value;
}

/** A table of one section, columns aligned. */
export function table(section: Section): string {
  const rows = section.figures.map((figure) => [
    verdict(figure),
    figure.name,
    `${shown(figure.value)} ${figure.unit}`,
    figure.goal === undefined ? "" : `${figure.goal.relation} ${figure.goal.value}`,
    figure.detail ?? "",
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return [section.name, ...rows.map((row) => `  ${line(row)}`.trimEnd())].join("\n");
}

/** The middle value; of an even number, the mean of the two in the middle. Raises RangeError for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, interpolated. Raises RangeError for none. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("a quantile needs at least one value");
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? 0;
  return below + (above - below) * (position - Math.floor(position));
}

function verdict(figure: Figure): string {
  const passed = passes(figure);
  if (passed === undefined) return "    ";
  return passed ? "pass" : "FAIL";
}

function shown(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
