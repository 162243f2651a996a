import { request } from "node:https";

import { CommandFailure, usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";

const serverFlag = valueFlag("server", "URL", "The server to ask. Default: https://127.0.0.1:8443.");

const serverDefault = "https://127.0.0.1:8443";
const timeoutMs = 5000;
/** A longer answer is none of ours. */
const answerBytesMax = 64 * 1024;

/** `strongroom health`: the health check of a container or a supervisor. */
export const healthCommand: Command = {
  usage: "[--server URL]",
  examples: [
    { line: "strongroom health", effect: "ask the server on this machine" },
    { line: "strongroom health --server https://127.0.0.1:9443", effect: "on another port" },
  ],
  flags: [serverFlag],
  notes: [
    "Exit code 0 when the server answers that it is ready, within 5 seconds; 1 when it does not.",
    "It asks /readyz, sends no credential and does not check the server's certificate: " +
      "it says that a server answers, not which one.",
  ],
  operandsMax: 0,
  async run({ flags, output }) {
    const url = readinessUrl(flags.one(serverFlag) ?? serverDefault);
    const { status, body } = await ask(url);
    if (status !== 200) throw notReady(url, `it answered ${status}: ${body.trim()}`);
    output.print(body.trim());
    return exitCodes.ok;
  },
};

function readinessUrl(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol !== "https:") throw usageError("--server must be a URL such as https://127.0.0.1:8443");
  return new URL("/readyz", url);
}

async function ask(url: URL): Promise<{ readonly status: number; readonly body: string }> {
  try {
    return await get(url);
  } catch (error) {
    throw notReady(url, error instanceof Error ? error.message : "no answer", error);
  }
}

function get(url: URL): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    // A check from the same host sends nothing that must be kept from anybody.
    const asked = request(url, { rejectUnauthorized: false, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax) answer.destroy(new Error("the answer is too long"));
        else chunks.push(chunk);
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}

function notReady(url: URL, reason: string, cause?: unknown): Error {
  return new CommandFailure(`the server at ${url.origin} is not ready: ${reason}`, {
    exitCode: exitCodes.failure,
    advice: "If it has just started, ask again; if it serves elsewhere, name it with --server URL.",
    cause,
  });
}
