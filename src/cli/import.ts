import { resolve } from "node:path";
import { ApiConnection } from "../sight/sources/cluster/api-connection.ts";
import { readKubeconfig } from "../sight/sources/cluster/kubeconfig.ts";
import { kubeconfigFlag, serverFlag } from "./cluster-flags.ts";
import { withServer } from "./server-connection.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { configFlag, dataDirFlag } from "./config.ts";
import { FlagValues, repeatableFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { listedSecrets } from "./listed-secrets.ts";
import { manifestSecrets } from "./manifest-secrets.ts";
import { dryRunFlag } from "./secret-source.ts";
import { clusterConfigurationFlag, etcdSnapshotSecrets, prefixFlag, snapshotFlag } from "./etcd-snapshot-secrets.ts";
import { overwriteFlag, writeSecrets } from "./write-secrets.ts";
import type { WantedItem } from "./write-secrets.ts";

const filenameFlag: Flag = {
  ...repeatableFlag("filename", "PATH", "Manifests: a file, a folder of them, or - for standard input. Repeatable."),
  short: "f",
};
const fromKubeconfigFlag = valueFlag("kubeconfig", "FILE", "The cluster to import from, by a kubeconfig.");
const fromContextFlag = valueFlag("context", "NAME", "A context of that kubeconfig, if not the current one.");
const toFlag = valueFlag("to", "FILE", "The server to import into, by a kubeconfig. Default: that of this host.");
const onlyNamespaceFlag: Flag = {
  ...valueFlag("namespace", "NAME", "Only this namespace; and that of manifests which name none."),
  short: "n",
};

/** `strongroom import`. */
export const importCommand: Command = {
  usage:
    "(-f PATH... | --kubeconfig FILE [--context NAME] | --etcd-snapshot FILE [--encryption-provider-config FILE] [--etcd-prefix PATH]) [--namespace NAME] [--overwrite] [--dry-run] " +
    "[--to FILE | --data-dir DIR]",
  examples: [
    { line: "strongroom import -f ./secrets --dry-run", effect: "which secrets and keys would change" },
    { line: "strongroom import --kubeconfig ~/.kube/config --context prod", effect: "all secrets of another cluster" },
    {
      line: "strongroom import --etcd-snapshot etcd.db --encryption-provider-config encryption.yaml --dry-run",
      effect: "what a cluster's etcd had, by the keys of its kube-apiserver",
    },
  ],
  flags: [
    filenameFlag,
    fromKubeconfigFlag,
    fromContextFlag,
    snapshotFlag,
    clusterConfigurationFlag,
    prefixFlag,
    onlyNamespaceFlag,
    overwriteFlag,
    dryRunFlag,
    toFlag,
    dataDirFlag,
    configFlag,
  ],
  notes: [
    "Secrets are written one by one, as new versions, by ordinary requests; namespaces that are missing are made. What is there and differs is kept, " +
      "unless --overwrite is given. Keys are shown, never values.",
    "Tokens of service accounts are left out: a server makes its own. Manifests of other kinds are passed over.",
    "Of a snapshot, what cannot be decrypted or is damaged is named, and the rest is taken. Without --encryption-provider-config that is whatever is encrypted. " +
      "A plugin of KMS v2 that the file names must answer at its socket.",
    "Exit codes: 0 done, 1 a secret was refused or could not be read; those before and after it are done.",
  ],
  operandsMax: 0,
  run: (invocation) =>
    withServer(target(invocation), "docs/backup.md", (connection) =>
      writeSecrets(invocation, connection, source(invocation)),
    ),
};

/** The invocation as one about the server that is written to. */
function target(invocation: Invocation): Invocation {
  const { flags } = invocation;
  const to = flags.one(toFlag);
  if (to !== undefined && flags.has(dataDirFlag)) throw usageError("one of --to and --data-dir must be given");
  const kept = [dataDirFlag, configFlag].flatMap((flag): [string, string[]][] => {
    const value = flags.one(flag);
    return value === undefined ? [] : [[flag.name, [value]]];
  });
  const server: [string, string[]] = to === undefined ? [serverFlag.name, [""]] : [kubeconfigFlag.name, [to]];
  return { ...invocation, flags: new FlagValues(new Map([server, ...kept])) };
}

async function* source(invocation: Invocation): AsyncGenerator<WantedItem> {
  const { flags } = invocation;
  const [paths, kubeconfig, snapshot] = [
    flags.many(filenameFlag),
    flags.one(fromKubeconfigFlag),
    flags.one(snapshotFlag),
  ];
  if ([paths, kubeconfig, snapshot].filter((given) => given !== undefined).length !== 1) {
    throw usageError("one of -f PATH, --kubeconfig FILE and --etcd-snapshot FILE must be given");
  }
  if (snapshot === undefined && (flags.has(clusterConfigurationFlag) || flags.has(prefixFlag))) {
    throw usageError("--encryption-provider-config and --etcd-prefix must come with --etcd-snapshot");
  }
  const namespace = flags.one(onlyNamespaceFlag);
  if (snapshot !== undefined) yield* etcdSnapshotSecrets(invocation, snapshot, namespace);
  else if (kubeconfig !== undefined) yield* clusterSecrets(invocation, kubeconfig, namespace);
  else yield* secretsOfManifests(invocation, paths ?? [], namespace);
}

async function* secretsOfManifests(
  { environment, output }: Invocation,
  paths: readonly string[],
  namespace: string | undefined,
): AsyncGenerator<WantedItem> {
  const found = await manifestSecrets(paths, environment.workingDirectory, namespace ?? "default");
  if (found.others > 0) output.tell(`Passed over ${found.others} manifests of other kinds`);
  yield* found.secrets.filter((secret) => namespace === undefined || secret.namespace === namespace);
}

async function* clusterSecrets(
  { flags, environment }: Invocation,
  kubeconfig: string,
  namespace: string | undefined,
): AsyncGenerator<WantedItem> {
  const contexts = [flags.one(fromContextFlag)].filter((context) => context !== undefined);
  const [access] = await readKubeconfig([resolve(environment.workingDirectory, kubeconfig)], contexts);
  if (access === undefined) throw new TypeError("a kubeconfig gives the cluster of one context at least");
  using connection = new ApiConnection(access, { env: environment.variables ?? {}, userAgent: "strongroom-cli" });
  yield* listedSecrets(connection, namespace);
}
