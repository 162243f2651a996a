import type { TokenKeyState } from "../identity/tokens/token-key-ring.ts";
import type { TokenKeysRequest } from "../instance/token-keys.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { configFlag, dataDirFlag, readServerConfig } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";

const algorithms = ["RS256", "ES256", "ES384", "ES512"] as const;
const algorithmFlag = valueFlag("algorithm", algorithms.join("|"), "Of the key that is added. Default: RS256.");
const jsonFlag = switchFlag("json", "Print the keys as JSON.");

/** `strongroom token-keys`: the keys that sign tokens of service accounts, of the server that runs. */
export const tokenKeysCommand: Command = {
  usage: "[list|rotate|remove KID] [--algorithm ALGORITHM] [--json] [--data-dir DIR] [--config FILE]",
  examples: [
    { line: "strongroom token-keys", effect: "which keys there are, and which one signs" },
    { line: "strongroom token-keys rotate", effect: "add a key, which signs from an hour from now on" },
    { line: "strongroom token-keys remove KID", effect: "end every token that this key has signed" },
  ],
  flags: [algorithmFlag, jsonFlag, dataDirFlag, configFlag],
  notes: [
    "It asks the server that runs on this host, for whoever may open the data directory.",
    "Who verifies tokens elsewhere may keep the list of keys for an hour; so long a new key is only told of.",
    "An old key verifies until it is removed. Tokens in secrets of the type kubernetes.io/service-account-token have no " +
      "end: take `token` out of such a secret, and it gets one by the new key.",
  ],
  operandsMax: 2,
  async run(invocation) {
    const { flags, environment, output } = invocation;
    const request = readRequest(invocation);
    const { dataDir } = await readServerConfig(flags, environment);
    const { askForTokenKeys } = await import("../instance/control-socket.ts");
    const states = await askForTokenKeys(dataDir, request);
    if (states === undefined) {
      const exitCode = exitCodes.unavailable;
      throw new CommandFailure(`a server must run on ${dataDir}`, { exitCode, advice: "Start it: strongroom serve" });
    }
    output.print(flags.has(jsonFlag) ? JSON.stringify(states, null, 2) : states.map(line).join("\n"));
    return exitCodes.ok;
  },
};

function readRequest({ operands, flags }: Invocation): TokenKeysRequest {
  const [action = "list", kid] = operands;
  if (action === "remove" && kid !== undefined) return { action, kid };
  if (action === "list" && kid === undefined) return { action };
  if (action === "rotate" && kid === undefined) {
    const algorithm = algorithms.find((name) => name === (flags.one(algorithmFlag) ?? "RS256"));
    if (algorithm !== undefined) return { action, algorithm };
    throw usageError(`--algorithm must be one of ${algorithms.join(", ")}`);
  }
  throw usageError("token-keys takes list, rotate, or remove and the id of a key");
}

function line({ kid, algorithm, signs, signsFromMs }: TokenKeyState): string {
  const from = new Date(signsFromMs);
  const role = signs ? "signs" : from.getTime() > Date.now() ? `signs from ${from.toISOString()}` : "verifies";
  return `${kid}  ${algorithm}  ${role}`;
}
