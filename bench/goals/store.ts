/** The engine in detail, by `node bench/store.ts`, in a process of its own. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Section } from "../report.ts";

export async function measureStore(quick: boolean): Promise<readonly Section[]> {
  const program = fileURLToPath(new URL("../store.ts", import.meta.url));
  const child = spawn(process.execPath, [program, "--json", ...(quick ? ["--quick"] : [])], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  const code = await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
  if (code !== 0) throw new Error(`bench/store.ts ended with ${String(code)}`);
  return (JSON.parse(text) as { sections: Section[] }).sections; // printed by bench/store.ts
}
