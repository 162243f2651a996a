/**
 * Watchers, each on a TLS connection of its own, and what reaches them. Every
 * event carries `bench/sent: "<number> <time>"`, the time on the machine's
 * monotonic clock, which all processes share.
 */
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import type { ClientCredentials } from "../../test/running-server.ts";
import { quantile } from "../report.ts";
import { answerMessages, entryOptions, tell } from "./entry.ts";

export interface WatchersOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly credentials: ClientCredentials;
  readonly watchers: number;
}

export interface WatchersReport {
  readonly received: number;
  /** Watchers that did not get 1, 2, ..., `expected` in this order. */
  readonly incomplete: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Handshakes under way at a time. */
const connectingMax = 16;
const mark = '"bench/sent":"';

const options = entryOptions<WatchersOptions>();

class Watching {
  /** Numbers in the order they came in. */
  readonly numbers: number[] = [];
  readonly latenciesMs: number[] = [];
  #rest = "";

  static async open(): Promise<Watching> {
    const watching = new Watching();
    const { host, port, path, credentials } = options;
    const socket = connect({ host, port, ...credentials });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject).once("secureConnect", () => {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nAccept: application/json\r\n\r\n`);
      });
      socket.once("data", (first: Buffer) => {
        if (first.toString("latin1").startsWith("HTTP/1.1 200 ")) resolve();
        else reject(new Error("a watch must be answered with 200"));
      });
      socket.on("data", (bytes: Buffer) => watching.#read(bytes, socket));
    });
    return watching;
  }

  /** A frame is one line; the lines of the chunked coding around it begin otherwise. */
  #read(bytes: Buffer, socket: TLSSocket): void {
    const nowMs = clockMs();
    const lines = (this.#rest + bytes.toString("latin1")).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith('{"type":"')) continue;
      const at = line.indexOf(mark);
      if (at < 0 || !line.endsWith("}}")) {
        socket.destroy(new Error("an event must be one of ours and whole"));
        return;
      }
      const [number = "", sentMs = ""] = line.slice(at + mark.length, line.indexOf('"', at + mark.length)).split(" ");
      this.numbers.push(Number(number));
      this.latenciesMs.push(nowMs - Number(sentMs));
    }
  }
}

const all: Watching[] = [];
let opened = 0;
await Promise.all(
  Array.from({ length: connectingMax }, async () => {
    while (opened < options.watchers) {
      opened += 1;
      all.push(await Watching.open());
    }
  }),
);
answerMessages<{ expected: number }>(async ({ expected }) => report(expected));
process.once("SIGTERM", () => process.exit(0));
tell({ watchers: all.length });

function report(expected: number): WatchersReport {
  const latencies = all.flatMap((watching) => watching.latenciesMs);
  const complete = (numbers: readonly number[]) =>
    numbers.length === expected && numbers.every((number, index) => number === index + 1);
  const of = (share: number) => (latencies.length === 0 ? Number.POSITIVE_INFINITY : quantile(latencies, share));
  return {
    received: latencies.length,
    incomplete: all.filter(({ numbers }) => !complete(numbers)).length,
    p50Ms: of(0.5),
    p99Ms: of(0.99),
    maxMs: of(1),
  };
}

function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
