import { once } from "node:events";
import { dirname } from "node:path";
import { createLogger } from "../log/logger.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { logFormatFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import {
  folderFlag,
  readFolder,
  readPassphrasePath,
  readSocket,
  sealPassphraseFlag,
  socketFlag,
} from "./kms-plugin-flags.ts";
import { readRingServer, ringServerFlags, ringServerUsage } from "./kms-ring-server.ts";
import { listenAddressForm, parseListenAddress } from "./listen-address.ts";
import { listenForStop } from "./stop-request.ts";

const healthFlag = valueFlag(
  "health-listen",
  "HOST:PORT",
  "Tell /livez, /readyz and /metrics there, over plain HTTP. Default: nowhere.",
);

/** `strongroom kms-plugin serve`: the plugin, until it is told to stop. */
export const kmsPluginServeCommand: Command = {
  usage:
    "--passphrase-file FILE [--dir DIR] [--socket PATH] [--health-listen HOST:PORT] [--log-format text|json] " +
    ringServerUsage,
  examples: [
    {
      line: "strongroom kms-plugin serve --passphrase-file /root/kms-passphrase",
      effect: "serve kube-apiserver at /run/strongroom-kms/kms.sock",
    },
    {
      line: "strongroom kms-plugin serve --passphrase-file /root/kms-passphrase --key kms/prod --kubeconfig /root/strongroom.kubeconfig",
      effect: "the same with keys that a Strongroom server keeps, whether that is there or not",
    },
  ],
  flags: [folderFlag, sealPassphraseFlag, socketFlag, healthFlag, ...ringServerFlags, logFormatFlag],
  notes: [
    "It prints `ready unix://PATH` when it serves. The keys are in memory from then on; it needs no connection to anything, so that it starts " +
      "before the cluster, the network and everything else.",
    "With --key it asks that server once a minute for keys that others have made, and keeps them in the key file, from which it serves. A server that is away, " +
      "or has fewer keys, changes nothing; one inside of the cluster that the keys protect is refused.",
    "Every call that encrypts or decrypts is on record in records.jsonl of the folder before it is answered, and refused while it cannot be.",
    "SIGTERM and Ctrl-C stop it: calls that have begun are answered. A changed key file (rotation) is taken up within ten seconds, or at once " +
      "with SIGHUP.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { output } = invocation;
    const folder = readFolder(invocation);
    const passphraseFile = readPassphrasePath(invocation);
    const socket = readSocket(invocation);
    const log = createLogger(
      readLogFormat(invocation),
      (line) => output.tell(line),
      () => new Date(),
    );
    const server = await readRingServer(invocation);
    if (dirname(passphraseFile) === folder) output.tell(passphraseBesideKeys);
    using stop = listenForStop();
    const { startKmsPlugin } = await import("../delivery/kms-plugin/kms-plugin.ts");
    await using plugin = await startKmsPlugin(
      { folder, passphraseFile, socket, server, health: readHealth(invocation) },
      log,
    );
    using _ = lookAtHangup(() => void plugin.look());
    output.print(`key ${plugin.writeKeyId} writes`);
    if (plugin.healthUrl !== undefined) output.print(`health ${plugin.healthUrl}/readyz`);
    output.print(`ready unix://${socket}`);
    if (!stop.signal.aborted) await once(stop.signal, "abort");
    return exitCodes.ok;
  },
};

function lookAtHangup(look: () => void): Disposable {
  process.on("SIGHUP", look);
  return { [Symbol.dispose]: () => void process.removeListener("SIGHUP", look) };
}

const passphraseBesideKeys =
  "Warning: the passphrase is in the folder of the keys, so that a copy of the folder can be opened. Keep it elsewhere.";

function readHealth({ flags }: Invocation) {
  const value = flags.one(healthFlag);
  if (value === undefined) return undefined;
  const address = parseListenAddress(value);
  if (address === undefined) throw usageError(`--health-listen must be ${listenAddressForm}`);
  return address;
}

function readLogFormat({ flags }: Invocation): "text" | "json" {
  const value = flags.one(logFormatFlag) ?? "text";
  if (value === "text" || value === "json") return value;
  throw usageError("--log-format must be text or json");
}
