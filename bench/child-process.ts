/**
 * Processes of a benchmark: everything that is measured, and everything that makes
 * load, runs in its own, so that none slows another by sharing an event loop.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ServerConfig } from "../src/server/server-config.ts";
import type { ServerStarted } from "./entries/server.ts";

/** A started entry file that answers messages, one at a time. */
export class Worker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #failure: Error | undefined;

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#gone = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#failure = new Error(`${name} ended with ${signal ?? code}`);
        resolve();
      });
    });
  }

  /** Starts `bench/entries/<name>.ts` and waits for its first message, which is handed back. */
  static async start<T>(name: string, options: object, execArgv: readonly string[] = []): Promise<[Worker, T]> {
    const file = fileURLToPath(new URL(`entries/${name}.ts`, import.meta.url));
    const child = spawn(process.execPath, [...execArgv, file, JSON.stringify(options)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const worker = new Worker(child, name);
    try {
      return [worker, await worker.#next<T>()];
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Sends a message and resolves to the answer; rejects when the process ends first. */
  ask<T>(message: object): Promise<T> {
    const answer = this.#next<T>();
    this.#child.send(message);
    return answer;
  }

  /** Asks the process to end by SIGTERM, as a user would. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#failure === undefined) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 15_000);
    await this.#gone;
    clearTimeout(timer);
  }

  #next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const onMessage = (message: T) => {
        this.#child.off("exit", onExit);
        resolve(message);
      };
      const onExit = () => reject(this.#failure ?? new Error("the process ended"));
      this.#child.once("message", onMessage).once("exit", onExit);
    });
  }
}

/** Runs an entry to its one message and its end. */
export async function runEntry<T>(name: string, options: object): Promise<T> {
  const [worker, result] = await Worker.start<T>(name, options);
  await worker[Symbol.asyncDispose]();
  return result;
}

/** What node is given where it serves: bin/strongroom, scripts/build.mjs. */
const servingFlags = ["--disable-sigusr1", "--max-semi-space-size=8"];

/**
 * Starts the server in a process of its own; resolves, with its URL, when it
 * serves. `BENCH_SERVER_FLAGS` are further flags for its node, e.g. `--cpu-prof --cpu-prof-dir=/tmp/profiles`.
 */
export async function startServerProcess(config: ServerConfig): Promise<[Worker, string]> {
  const flags = (process.env["BENCH_SERVER_FLAGS"] ?? "").split(" ").filter((flag) => flag !== "");
  const [worker, { url }] = await Worker.start<ServerStarted>("server", config, [...servingFlags, ...flags]);
  return [worker, url];
}

export interface Memory {
  readonly rssMiB: number;
  /** The anonymous part (RssAnon). */
  readonly anonMiB: number;
}

/** Resident memory of a process. */
export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => mib(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
  return { rssMiB: field("VmRSS"), anonMiB: field("RssAnon") };
}

/** Mapped pages of the store's file in MiB, which the kernel takes back when it needs them. */
export function storeMemoryOf(pid: number): number {
  const mappings = readFileSync(`/proc/${pid}/smaps`, "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const pages = mappings
    .filter((mapping) => mapping.split("\n", 1)[0]?.endsWith("/data.mdb"))
    .map((mapping) => mib(/^Rss:\s+(\d+) kB/m.exec(mapping)?.[1]));
  return pages.reduce((sum, size) => sum + size, 0);
}

function mib(kib: string | undefined): number {
  return Number(kib ?? Number.NaN) / 1024;
}
