/** Entries of the audit log as a server tells them: pages of a list, and what comes after it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiConnection } from "../sight/sources/cluster/api-connection.ts";
import { refusalOf } from "../sight/sources/cluster/api-connection.ts";
import { ApiFailure } from "../sight/sources/cluster/api-failure.ts";
import type { Output } from "./output.ts";
import { printable, printableJsonLine } from "./printable.ts";

const path = "/apis/strongroom.dev/v1/auditevents";
const tableForm = "application/json;as=Table;v=v1;g=meta.k8s.io";
const pageLimit = 500;
/** A watch is opened anew after so long. */
const watchSeconds = 1800;
const graceMs = 30_000;
const pausesMs = [1000, 2000, 5000, 15_000, 30_000];

export type EntryForm = "table" | "json";

/** A list or an event of a watch, in one of both forms. */
interface Told {
  readonly metadata: { readonly continue?: string; readonly resourceVersion: string };
  readonly items?: readonly object[];
  readonly columnDefinitions?: readonly { readonly name: string; readonly priority: number }[];
  readonly rows?: readonly { readonly cells: readonly unknown[] }[];
}

/** Prints entries as they come, in columns that only grow, or as JSON lines. */
export class EntryPrinter {
  readonly #output: Output;
  readonly form: EntryForm;
  #shown: readonly number[] | undefined;
  readonly #widths: number[] = [];
  /** How many were printed. */
  count = 0;

  constructor(output: Output, form: EntryForm) {
    this.#output = output;
    this.form = form;
  }

  get accept(): string {
    return this.form === "table" ? tableForm : "application/json";
  }

  /** The entries of an answer, at most `limit`. */
  async print({ items = [], rows = [], columnDefinitions = [] }: Told, limit: number): Promise<void> {
    if (columnDefinitions.length > 0) this.#head(columnDefinitions);
    const lines = this.form === "json" ? items.map(printableJsonLine) : rows.map(({ cells }) => this.#line(cells));
    const shown = lines.slice(0, limit);
    this.count += shown.length;
    if (shown.length > 0) this.#output.print(shown.join("\n"));
    await this.#output.drained?.();
  }

  #head(columns: NonNullable<Told["columnDefinitions"]>): void {
    if (this.#shown !== undefined) return;
    this.#shown = columns.flatMap(({ priority }, index) => (priority === 0 ? [index] : []));
    this.#output.print(this.#line(columns.map(({ name }) => (name === "Name" ? "ENTRY" : name.toUpperCase()))));
  }

  #line(cells: readonly unknown[]): string {
    const shown = (this.#shown ?? []).map((index) => printable(textOf(cells[index])));
    for (const [column, text] of shown.entries()) {
      this.#widths[column] = Math.max(this.#widths[column] ?? widthsLeast[column] ?? 0, text.length);
    }
    return shown
      .map((text, column) => text.padEnd(this.#widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  }
}

/** Of the columns that most have: entry, time, user, verb, object, decision, code. */
const widthsLeast = [16, 27, 20, 6, 24, 8, 4, 10, 15, 4];

function textOf(cell: unknown): string {
  return typeof cell === "string" ? cell : JSON.stringify(cell ?? "");
}

/** Prints what there is, page by page, at most `limit` entries; resolves to the resourceVersion of the list. */
export async function printEntries(
  connection: ApiConnection,
  query: URLSearchParams,
  { printer, limit, signal }: { readonly printer: EntryPrinter; readonly limit: number; readonly signal: AbortSignal },
): Promise<string> {
  let token = "";
  for (;;) {
    const left = limit - printer.count;
    const page = new URLSearchParams(query);
    page.set("limit", String(Math.max(1, Math.min(pageLimit, left))));
    if (token !== "") page.set("continue", token);
    const answer = (await connection.ask(`${path}?${page.toString()}`, { signal, accept: printer.accept })) as Told; // a list of the API
    await printer.print(answer, left);
    token = answer.metadata.continue ?? "";
    if (token === "" || printer.count >= limit) return answer.metadata.resourceVersion;
  }
}

/** Prints what comes after a resourceVersion until the signal; connects again when the connection is lost, and goes on where it was. */
export async function followEntries(
  connection: ApiConnection,
  query: URLSearchParams,
  {
    printer,
    from,
    signal,
    tell,
  }: {
    readonly printer: EntryPrinter;
    readonly from: string;
    readonly signal: AbortSignal;
    readonly tell: (text: string) => void;
  },
): Promise<void> {
  let resourceVersion = from;
  let failures = 0;
  while (!signal.aborted) {
    const watch = new URLSearchParams(query);
    watch.set("watch", "true");
    watch.set("allowWatchBookmarks", "true");
    watch.set("timeoutSeconds", String(watchSeconds));
    watch.set("resourceVersion", resourceVersion);
    const onOpen = () => void (failures = 0);
    const asked = { signal, accept: printer.accept, msMax: watchSeconds * 1000 + graceMs, onOpen };
    try {
      for await (const line of connection.stream(`${path}?${watch.toString()}`, asked)) {
        const event = readEvent(line);
        if (!event.isBookmark) await printer.print(event.told, Infinity);
        resourceVersion = event.told.metadata.resourceVersion;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!mayComeBack(error)) throw error;
      if (failures === 0) tell(printable(`${error.message}; trying again.`));
      const pauseMs = pausesMs[Math.min(failures++, pausesMs.length - 1)];
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // the loop sees that it is to end
    }
  }
}

function mayComeBack(error: unknown): error is ApiFailure {
  return error instanceof ApiFailure && (error.kind === "unreachable" || error.kind === "overloaded");
}

function readEvent(line: string): { readonly isBookmark: boolean; readonly told: Told } {
  const { type, object } = JSON.parse(line) as { type: string; object: Told & { readonly code?: number } }; // an event of the API
  if (type === "ERROR") throw refusalOf(object.code ?? 500, object);
  const told = object.rows === undefined ? { metadata: object.metadata, items: [object] } : object;
  return { isBookmark: type === "BOOKMARK", told };
}
