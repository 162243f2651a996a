/**
 * Closed-loop load over TLS from another process. wrk where it is installed,
 * because a generator in Node would itself be what limits a bare server and so
 * flatter the ratio; else our own.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ClientCredentials } from "../test/running-server.ts";
import { runEntry } from "./child-process.ts";

export interface Load {
  readonly url: string;
  /** Of the object for `get`, of the collection for the others. */
  readonly path: string;
  readonly mode: "get" | "get-each" | "create" | "update" | "apply";
  /** `create` makes PREFIX-1, -2, ...; the others but `get` take PREFIX-1 to PREFIX-COUNT in turn. */
  readonly prefix: string;
  readonly count: number;
  readonly valueBytes: number;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers with a status of 400 or more. */
  readonly refused: number;
  /** Connections that failed and answers that were cut. */
  readonly broken: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Credentials {
  /** Absent for clients without a certificate. */
  readonly files?: { readonly cert: string; readonly key: string };
  readonly pem: ClientCredentials;
  /** Sent with each request. */
  readonly token?: string;
}

export const generator: "wrk" | "node" = hasCommand("wrk") ? "wrk" : "node";

/** Runs one load to its end; raises when an answer was not as it must be, because then the figure means nothing. */
export async function runLoad(load: Load, credentials: Credentials): Promise<LoadResult & { perSecond: number }> {
  const result =
    generator === "wrk"
      ? await runWrk(load, credentials)
      : await runEntry<LoadResult>("load", { ...load, credentials: credentials.pem, token: credentials.token });
  if (result.refused > 0 || result.broken > 0) {
    throw new Error(
      `${load.mode} must succeed: ${result.refused} refused, ${result.broken} broken of ${result.requests}`,
    );
  }
  return { ...result, perSecond: result.requests / result.seconds };
}

async function runWrk(load: Load, credentials: Credentials): Promise<LoadResult> {
  const scripts = fileURLToPath(new URL("wrk", import.meta.url));
  const args = [
    "-t1",
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    "--timeout",
    "10s",
    "-s",
    join(scripts, "load.lua"),
    load.url,
  ];
  const environment = {
    ...process.env,
    BENCH_SCRIPTS: scripts,
    BENCH_CERT: credentials.files?.cert ?? "",
    BENCH_KEY: credentials.files?.key ?? "",
    BENCH_TOKEN: credentials.token ?? "",
    BENCH_MODE: load.mode,
    BENCH_PATH: load.path,
    BENCH_PREFIX: load.prefix,
    BENCH_COUNT: String(load.count),
    BENCH_SIZE: String(load.valueBytes),
  };
  const child = spawn("wrk", args, { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
  const line = /^BENCH (.*)$/m.exec(text)?.[1];
  if (line === undefined) throw new Error(`wrk must end with a result; it printed: ${text}`);
  return JSON.parse(line) as LoadResult; // written by load.lua
}

function hasCommand(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}
