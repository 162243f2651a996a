/** What a figure was measured on: without it, it says nothing. */
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** File system and device of the folder for temporary files, where all stores of a run are. */
  readonly disk: string;
  /** Processes that wanted a core, mean of the last minute: at the start, what others did. */
  readonly loadAtStart: number;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
    disk: diskOf(tmpdir()),
    loadAtStart: loadavg()[0] ?? 0,
  };
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, node, disk, loadAtStart } = machine;
  const load = `load ${loadAtStart.toFixed(2)} at the start`;
  return `${cores} x ${cpu}, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, ${disk}, ${load}`;
}

/** The mount with the longest path that holds the folder. */
function diskOf(folder: string): string {
  const mounts = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, path = ""]) => path === "/" || folder === path || folder.startsWith(`${path}/`))
    .toSorted(([, a = ""], [, b = ""]) => b.length - a.length);
  const [device = "unknown", , type = ""] = mounts[0] ?? [];
  return `${type} on ${device}`;
}
