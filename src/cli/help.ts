import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { findCommand } from "./find-command.ts";
import { commandText, overviewText } from "./help-text.ts";

/** `strongroom help [COMMAND]`. */
export const helpCommand: Command = {
  usage: "[COMMAND]",
  examples: [
    { line: "strongroom help", effect: "the commands" },
    { line: "strongroom help serve", effect: "one command" },
  ],
  notes: [],
  flags: [],
  operandsMax: 3,
  async run({ operands, commands, output }) {
    if (operands.length === 0) {
      output.print(overviewText(commands));
      return exitCodes.ok;
    }
    const { entry } = findCommand(commands, operands);
    output.print(commandText(entry, await entry.load()));
    return exitCodes.ok;
  },
};
