import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { readPackageVersion } from "./package-files.ts";

const jsonFlag = switchFlag("json", "Print one JSON object: version, node, platform, architecture.");

/** `strongroom version`. */
export const versionCommand: Command = {
  usage: "[--json]",
  examples: [
    { line: "strongroom version", effect: "the version, and what it runs on" },
    { line: "strongroom version --json", effect: "the same for a program" },
  ],
  notes: [],
  flags: [jsonFlag],
  operandsMax: 0,
  async run({ flags, output }) {
    const version = await readPackageVersion();
    const { platform, arch: architecture, version: node } = process;
    output.print(
      flags.has(jsonFlag)
        ? JSON.stringify({ version, node, platform, architecture })
        : `strongroom ${version} (node ${node}, ${platform} ${architecture})`,
    );
    return exitCodes.ok;
  },
};
