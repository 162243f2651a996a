import { sightRole } from "../sight/sources/cluster/sight-role.ts";
import { levelFlag, levelOf } from "./cluster-flags.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";

const verifyFlag = switchFlag("verify", "Also what it takes to verify a sample of the answers.");

/** `strongroom sight role`. */
export const sightRoleCommand: Command = {
  usage: "[--level LEVEL] [--verify]",
  examples: [
    { line: "strongroom sight role --level references | kubectl apply -f -", effect: "no right on secrets at all" },
    {
      line: "strongroom sight role --level metadata --verify",
      effect: "names of secrets, and reviews to verify answers",
    },
  ],
  flags: [levelFlag, verifyFlag],
  notes: [
    "Prints a ClusterRole for whoever reads a cluster for sight. LEVEL is references, metadata (default) or full.",
    "A role for namespaces: the same rules in a Role of each. What is not allowed is unknown, and each answer says so.",
  ],
  operandsMax: 0,
  async run({ flags, output }) {
    output.write(sightRole({ level: levelOf(flags), verifies: flags.has(verifyFlag) }));
    return exitCodes.ok;
  },
};
