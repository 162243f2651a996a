import type { Terminal } from "../sight/reports/table-report.ts";

/** What is known of no terminal: a file, a pipe. */
export const noTerminal: Terminal = { columns: 120, color: false };

/** The narrowest and the widest lines that read well. */
const [columnsMin, columnsMax] = [40, 160];

/**
 * How to write on a stream: colours only on a terminal that has them, and not where NO_COLOR is set to anything
 * (https://no-color.org).
 */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  if (stream.isTTY !== true) return noTerminal;
  const color = (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return { columns: Math.min(columnsMax, Math.max(columnsMin, stream.columns ?? noTerminal.columns)), color };
}
