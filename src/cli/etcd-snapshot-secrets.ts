/** What `strongroom import` takes out of the snapshot of a cluster's etcd. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import { EtcdSnapshot } from "../etcd-snapshot/etcd-snapshot.ts";
import { ClusterKeys } from "../etcd-secrets/cluster-keys.ts";
import { countKeysBelow, registryPrefix, snapshotSecrets } from "../etcd-secrets/snapshot-secrets.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import { printable } from "./printable.ts";
import { ownAnnotations } from "./secret-writer.ts";
import type { UnreadableItem, WantedItem } from "./write-secrets.ts";

export const snapshotFlag = valueFlag(
  "etcd-snapshot",
  "FILE",
  "The cluster to import from, by what etcdctl snapshot save wrote of its etcd, or by the file member/snap/db of one that does not run.",
);
export const clusterConfigurationFlag = valueFlag(
  "encryption-provider-config",
  "FILE",
  "With --etcd-snapshot: the EncryptionConfiguration of that cluster's kube-apiserver, with its keys.",
);
export const prefixFlag = valueFlag(
  "etcd-prefix",
  "PATH",
  "With --etcd-snapshot: as that kube-apiserver has it; /registry unless given.",
);

/** Those of the namespace, if one is meant. Raises {@link CommandFailure} before anything is taken, where file or keys cannot be used. */
export async function* etcdSnapshotSecrets(
  { flags, environment, output }: Invocation,
  file: string,
  namespace: string | undefined,
): AsyncGenerator<WantedItem> {
  const inDirectory = (path: string) => resolve(environment.workingDirectory, path);
  const prefix = registryPrefix(flags.one(prefixFlag) ?? "/registry");
  const configuration = flags.one(clusterConfigurationFlag);
  using keys = await openKeys(configuration, configuration && (await readFile(inDirectory(configuration), "utf8")));
  using snapshot = readThrough(inDirectory(file), file, prefix);
  if (!snapshot.hasHash) output.tell("The file has no hash: that nobody changed it is not known.");
  for await (const item of snapshotSecrets(snapshot, prefix, keys)) {
    if ("unreadable" in item) {
      if (isWithin(item.unreadable, namespace)) yield item.unreadable;
    } else if (namespace === undefined || item.secret.namespace === namespace) {
      yield { ...item.secret, annotations: ownAnnotations(item.secret.annotations) };
    }
  }
}

async function openKeys(path: string | undefined, text: string | undefined): Promise<ClusterKeys> {
  try {
    return await ClusterKeys.open(text);
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    if (error.code !== "unavailable") throw usageError(`${path}: ${error.message}`);
    throw new CommandFailure(error.message, {
      exitCode: exitCodes.unavailable,
      advice: "Start it; or take its provider out of a copy of the file, to import what is not under its keys.",
      cause: error,
    });
  }
}

/** Opened after it has been read to its end once: nothing is taken of a file that is damaged. */
function readThrough(path: string, name: string, prefix: string): EtcdSnapshot {
  try {
    using first = EtcdSnapshot.open(path);
    const { secrets, others, elsewhere } = countKeysBelow(first, prefix);
    if (secrets === 0 && others === 0 && elsewhere !== undefined) {
      throw usageError(
        printable(`a key must begin with ${prefix}/, and one begins with ${elsewhere}`),
        "Give the prefix that the kube-apiserver has with --etcd-prefix.",
      );
    }
    return EtcdSnapshot.open(path);
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    throw usageError(
      `${name}: ${error.message}`,
      "Nothing is taken of a file that is not whole. Take a new one with etcdctl snapshot save.",
    );
  }
}

function isWithin({ place }: UnreadableItem, namespace: string | undefined): boolean {
  return namespace === undefined || place.startsWith(`${namespace}/`);
}
