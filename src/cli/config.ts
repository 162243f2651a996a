/**
 * What the server is told: flags first, then the configuration file, then the defaults. The
 * only place where the three meet; the rest of the program receives a checked value.
 */
import { isAbsolute, join, resolve } from "node:path";

import { reserveBytesDefault } from "../audit/log/log-reserve.ts";
import { defaultVersionLimits } from "../core/secrets/version-retention.ts";
import type { ServerConfig } from "../server/server-config.ts";
import {
  anonymousPathForm,
  authenticationConfig,
  isAnonymousPath,
  isIssuer,
  issuerForm,
} from "./authentication-file.ts";
import { readAuditOutput } from "./audit-output.ts";
import { backupSchedule } from "./backup-schedule-file.ts";
import { readClusterAudit } from "./cluster-audit-file.ts";
import { usageError } from "./command-failure.ts";
import { readConfigFile } from "./config-file.ts";
import type { ConfigFile } from "./config-file.ts";
import { etcdConfig } from "./etcd-file.ts";
import type { Environment } from "./environment.ts";
import { readFollowers } from "./follower-file.ts";
import { repeatableFlag, switchFlag, valueFlag } from "./flags.ts";
import type { Flag, FlagValues } from "./flags.ts";
import { certificateNameForm, isCertificateName, listenAddressForm, parseListenAddress } from "./listen-address.ts";
import type { ListenAddress } from "./listen-address.ts";
import { kmsEndpointForm, parseKmsEndpoint, rootKeyConfig, rootKeyKmsFlag } from "./root-key-choice.ts";

export const dataDirFlag = valueFlag(
  "data-dir",
  "DIR",
  "Where the encrypted data is. Default: $XDG_DATA_HOME/strongroom, or ~/.local/share/strongroom.",
);
export const configFlag = valueFlag(
  "config",
  "FILE",
  "The configuration file (docs/configuration.md). Flags win over it.",
);
export const listenFlag = valueFlag(
  "listen",
  "HOST:PORT",
  "The address to serve on; port 0 picks a free one. Default: 127.0.0.1:8443.",
);
export const sanFlag = repeatableFlag(
  "san",
  "NAME",
  "A DNS name or IP address for the server's certificate, beside localhost and the loopback addresses. Repeatable.",
);
export const logFormatFlag = valueFlag(
  "log-format",
  "text|json",
  "How log lines on standard error look. Default: text.",
);
export const rootKeyFileFlag = valueFlag(
  "root-key-file",
  "FILE",
  "The file of the root key. Default: strongroom/keys/ID.key in the user's configuration folder, ID being the instance's.",
);
export const passphraseFileFlag = valueFlag(
  "passphrase-file",
  "FILE",
  "The root key file is protected by the passphrase in this file.",
);
export const encryptionConfigFlag = valueFlag(
  "encryption-provider-config",
  "FILE",
  "A file EncryptionConfiguration: providers and keys for encryption at rest, in place of the server's own envelope.",
);
export const abandonKeysFlag = switchFlag(
  "abandon-encryption-keys",
  "Start though records are under keys that the encryption configuration lacks: they stay unreadable.",
);
export const adminKubeconfigFlag = valueFlag(
  "admin-kubeconfig",
  "FILE|none",
  "Where the administrator's kubeconfig goes. Default: admin.kubeconfig in the data directory.",
);

export const authenticationConfigFlag = valueFlag(
  "authentication-config",
  "FILE",
  "A file AuthenticationConfiguration: issuers whose JWTs count, and who may be anonymous where.",
);
export const tokenAuthFileFlag = valueFlag(
  "token-auth-file",
  "FILE",
  "A CSV file of tokens, user names, uids and groups, which only its owner may read.",
);
export const anonymousPathFlag = repeatableFlag(
  "anonymous-path",
  "PATH",
  "A path that may be asked for without a credential, where roles allow it. Repeatable.",
);
export const issuerFlag = repeatableFlag(
  "service-account-issuer",
  "URL",
  "The issuer of tokens of service accounts; with several, the first is that of new ones. Repeatable.",
);

/** What is kept of the past, unless the file says otherwise. */
const historyDefault = { retainMs: 24 * 60 * 60 * 1000, retainBytes: 1024 ** 3 };
const trashRetentionMsDefault = 30 * 24 * 60 * 60 * 1000;
const listenDefault: ListenAddress = { host: "127.0.0.1", port: 8443 };

/**
 * Puts together what the flags above, the file that `--config` names and the defaults say. Raises a
 * usage error that names the flag or the file's field, and what must hold.
 */
export async function readServerConfig(flags: FlagValues, environment: Environment): Promise<ServerConfig> {
  const fromFlag = pathReader(flags, environment);
  const configPath = fromFlag(configFlag);
  const file: ConfigFile = configPath === undefined ? {} : await readConfigFile(configPath);
  const dataDir = fromFlag(dataDirFlag) ?? file.dataDir ?? defaultDataDir(environment);
  const { host, port } = readListen(flags) ?? file.listen ?? listenDefault;
  return {
    dataDir,
    host,
    port,
    extraSans: readSans(flags) ?? file.tls?.extraSans ?? [],
    logFormat: readLogFormat(flags) ?? file.log?.format ?? "text",
    rootKey: rootKeyConfig({
      path: fromFlag(rootKeyFileFlag) ?? file.rootKey?.file,
      passphraseFile: fromFlag(passphraseFileFlag) ?? file.rootKey?.passphraseFile,
      kmsEndpoint: readKmsEndpoint(flags) ?? file.rootKey?.kmsEndpoint,
    }),
    abandonEncryptionKeys: flags.has(abandonKeysFlag),
    encryptionFile: fromFlag(encryptionConfigFlag) ?? file.encryption?.configurationFile,
    history: {
      retainMs: file.history?.retain ?? historyDefault.retainMs,
      retainBytes: file.history?.retainBytes ?? historyDefault.retainBytes,
    },
    versions: versionsConfig(file),
    limits: file.limits ?? {},
    valuesInAnswersToWrites: file.kubernetes?.valuesInAnswersToWrites ?? "readers",
    authentication: authenticationConfig(
      {
        configurationFile: fromFlag(authenticationConfigFlag),
        tokenFile: fromFlag(tokenAuthFileFlag),
        anonymousPaths: readWords(flags, anonymousPathFlag, isAnonymousPath, anonymousPathForm),
        issuers: readWords(flags, issuerFlag, isIssuer, issuerForm),
      },
      file.authentication ?? {},
    ),
    audit: { reserveBytes: file.audit?.reserve ?? reserveBytesDefault, reads: file.audit?.reads ?? "synced" },
    auditOutput: await readAuditOutput(flags, fromFlag, await readFollowers(file.audit?.followers ?? [])),
    etcd: etcdConfig(file.etcd),
    reportingClusters: await readClusterAudit(file.audit?.clusters ?? [], etcdConfig(file.etcd)),
    backup: backupSchedule(file.backup),
    adminKubeconfig: readAdminKubeconfig(flags, environment, file, dataDir),
  };
}

/** Absolute paths of flags; a relative one is relative to the working directory. */
function pathReader(flags: FlagValues, environment: Environment) {
  return (flag: Parameters<FlagValues["one"]>[0]): string | undefined => {
    const value = flags.one(flag);
    return value === undefined ? undefined : resolve(environment.workingDirectory, value);
  };
}

/** As the XDG Base Directory Specification has it: a relative XDG_DATA_HOME does not count. */
function defaultDataDir({ home, xdgDataHome }: Environment): string {
  const base = xdgDataHome !== undefined && isAbsolute(xdgDataHome) ? xdgDataHome : join(home, ".local", "share");
  return join(base, "strongroom");
}

function readListen(flags: FlagValues): ListenAddress | undefined {
  const value = flags.one(listenFlag);
  if (value === undefined) return undefined;
  const address = parseListenAddress(value);
  if (address === undefined) throw usageError(`--listen must be ${listenAddressForm}`);
  return address;
}

function readSans(flags: FlagValues): readonly string[] | undefined {
  const names = flags.many(sanFlag);
  if (names?.every(isCertificateName) === false) throw usageError(`--san must be ${certificateNameForm}`);
  return names;
}

function readWords(
  flags: FlagValues,
  flag: Flag,
  isWord: (value: string) => boolean,
  form: string,
): readonly string[] | undefined {
  const words = flags.many(flag);
  if (words?.every(isWord) === false) throw usageError(`--${flag.name} must be ${form}`);
  return words;
}

function readLogFormat(flags: FlagValues): ServerConfig["logFormat"] | undefined {
  const value = flags.one(logFormatFlag);
  if (value === undefined || value === "text" || value === "json") return value;
  throw usageError("--log-format must be text or json");
}

function readKmsEndpoint(flags: FlagValues): string | undefined {
  const value = flags.one(rootKeyKmsFlag);
  if (value !== undefined && parseKmsEndpoint(value) === undefined)
    throw usageError(`--root-key-kms must be ${kmsEndpointForm}`);
  return value;
}

function versionsConfig({ versions = {} }: ConfigFile): ServerConfig["versions"] {
  return {
    promotionsMax: versions.perSecret ?? defaultVersionLimits.promotionsMax,
    keptMsMin: versions.keepAtLeast ?? defaultVersionLimits.keptMsMin,
    secretBytesMax: versions.bytesPerSecret ?? defaultVersionLimits.secretBytesMax,
    namespaceBytesMax: versions.bytesPerNamespace ?? defaultVersionLimits.namespaceBytesMax,
    trashRetentionMs: versions.trash ?? trashRetentionMsDefault,
  };
}

function readAdminKubeconfig(
  flags: FlagValues,
  environment: Environment,
  file: ConfigFile,
  dataDir: string,
): string | undefined {
  const given = flags.one(adminKubeconfigFlag);
  const path = given === undefined || given === "none" ? given : resolve(environment.workingDirectory, given);
  const chosen = path ?? file.adminKubeconfig ?? defaultAdminKubeconfig(dataDir);
  return chosen === "none" ? undefined : chosen;
}

/** Where the administrator's kubeconfig is unless told otherwise. */
export function defaultAdminKubeconfig(dataDir: string): string {
  return join(dataDir, "admin.kubeconfig");
}
