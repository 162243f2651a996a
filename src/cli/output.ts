import { once } from "node:events";
import type { Writable } from "node:stream";
import type { Terminal } from "../sight/reports/table-report.ts";

/** The two streams of a command. Results are what a pipe should get; everything else is talk. */
export interface Output {
  /** A line, or several, of the result: standard output. A newline is added. */
  print(text: string): void;
  /** A result that is a document of its own and ends its own lines: standard output, as it is. */
  write(text: string): void;
  /** A line, or several, of talk: standard error. A newline is added. */
  tell(text: string): void;
  /** Resolves when standard output takes more: for results that are too long to be kept in memory. */
  drained?(): Promise<void>;
  /** What standard output is shown on; undefined for a file or a pipe. */
  readonly terminal?: Terminal;
}

/** Output to a pair of streams; `terminal` says what the first is shown on. */
export function streamOutput(out: Writable, talk: NodeJS.WritableStream, terminal: Terminal | undefined): Output {
  return {
    ...(terminal === undefined ? {} : { terminal }),
    print: (text) => void out.write(`${text}\n`),
    write: (text) => void out.write(text),
    drained: async () => {
      if (out.writableNeedDrain) await once(out, "drain");
    },
    tell: (text) => void talk.write(`${text}\n`),
  };
}
