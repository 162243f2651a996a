import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import { pathOf } from "./kms-plugin-flags.ts";
import { kmsEndpointForm, parseKmsEndpoint, rootKeyConfig, rootKeyKmsFlag } from "./root-key-choice.ts";

const toFlag = valueFlag(
  "to",
  "file|passphrase|kms",
  "The new custody; the one that it has already makes its file anew.",
);
const newFileFlag = valueFlag(
  "new-root-key-file",
  "FILE",
  "Where the new root key file goes. Default: the place of the present one, which it replaces.",
);
const newPassphraseFlag = valueFlag(
  "new-passphrase-file",
  "FILE",
  "The passphrase of the new root key file; for --to passphrase.",
);
const newEndpointFlag = valueFlag(
  "new-root-key-kms",
  "ENDPOINT",
  "The KMS v2 plugin that wraps the root key (unix:///PATH); for --to kms.",
);

/** `strongroom seal change`: the same root key, kept in another way. */
export const sealChangeCommand: Command = {
  usage:
    "--to file|passphrase|kms [--new-passphrase-file FILE] [--new-root-key-kms ENDPOINT] [--new-root-key-file FILE] " +
    "[--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE] [--root-key-kms ENDPOINT]",
  examples: [
    {
      line: "strongroom seal change --to passphrase --new-passphrase-file /run/passphrase",
      effect: "protect the root key file by a passphrase; from then on: serve --passphrase-file /run/passphrase",
    },
    {
      line: "strongroom seal change --to kms --new-root-key-kms unix:///run/strongroom-kms/kms.sock",
      effect: "have a KMS plugin wrap it",
    },
  ],
  flags: [
    toFlag,
    newPassphraseFlag,
    newEndpointFlag,
    newFileFlag,
    dataDirFlag,
    configFlag,
    rootKeyFileFlag,
    passphraseFileFlag,
    rootKeyKmsFlag,
  ],
  notes: [
    "The root key stays the same and no data are touched: it takes a moment, and a server may run meanwhile; its next start takes the new custody.",
    "The new file is opened once, as the next start will, before it replaces the present one.",
    "Copies of former root key files go on opening the data: destroy those that the change is to make useless.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { flags, environment, output } = invocation;
    const config = await readServerConfig(flags, environment);
    const to = readTarget(invocation, config.rootKey.path);
    const { changeSeal } = await import("../instance/seal.ts"); // not for its help, which is thereby quick
    const { seal, formerFile } = await changeSeal(config.dataDir, config.rootKey, to);
    output.print(`custody ${seal.custody}: ${seal.place}`);
    output.print(`not protected against: ${seal.limit}`);
    if (formerFile !== undefined)
      output.tell(`${formerFile} still opens the data: destroy it once a start has succeeded`);
    output.tell(nextStart(to));
    return exitCodes.ok;
  },
};

function readTarget(invocation: Invocation, presentPath: string | undefined) {
  const { flags } = invocation;
  const to = flags.one(toFlag);
  const path = pathOf(invocation, newFileFlag) ?? presentPath;
  const passphraseFile = pathOf(invocation, newPassphraseFlag);
  const kmsEndpoint = flags.one(newEndpointFlag);
  if (to !== "file" && to !== "passphrase" && to !== "kms") throw usageError("--to must be file, passphrase or kms");
  if ((to === "passphrase") !== (passphraseFile !== undefined))
    throw usageError("--new-passphrase-file must be given for --to passphrase, and for nothing else");
  if ((to === "kms") !== (kmsEndpoint !== undefined))
    throw usageError("--new-root-key-kms must be given for --to kms, and for nothing else");
  if (kmsEndpoint !== undefined && parseKmsEndpoint(kmsEndpoint) === undefined)
    throw usageError(`--new-root-key-kms must be ${kmsEndpointForm}`);
  return rootKeyConfig({ path, passphraseFile, kmsEndpoint });
}

function nextStart(to: ReturnType<typeof readTarget>): string {
  const file = to.path === undefined ? "" : ` --root-key-file ${to.path}`;
  if (to.type === "passphrase") return `From now on: strongroom serve${file} --passphrase-file ${to.passphraseFile}`;
  const without = to.type === "kms" ? "--passphrase-file" : "--passphrase-file and --root-key-kms";
  return `From now on: strongroom serve${file}, without ${without}`;
}
