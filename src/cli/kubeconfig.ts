import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseDocument } from "yaml";

import { Redacted } from "../crypto/redacted.ts";
import { superAdminGroup } from "../identity/user.ts";
import { writeKubeconfig } from "../identity/x509/kubeconfig.ts";
import type { ClientCertificateRequest } from "../instance/client-certificate-request.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { durationForm, formatDuration, parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-code.ts";
import { repeatableFlag, switchFlag, valueFlag } from "./flags.ts";
import type { FlagValues } from "./flags.ts";

const userFlag = valueFlag("user", "NAME", "Issue for this user. Without it: for the administrator of this host.");
const groupFlag = repeatableFlag("group", "NAME", "A group of the user. Repeatable.");
const ttlFlag = valueFlag(
  "ttl",
  "DURATION",
  "How long it is valid: 1m to 365d. Default: 8h, and 24h for the administrator.",
);
const superAdminFlag = switchFlag("super-admin", `Issue in ${superAdminGroup}, which no rule can ever restrict.`);
const outputFlag = valueFlag("output", "FILE", "Write it there, readable for you only; - is standard output.");
const serverFlag = valueFlag(
  "server",
  "URL",
  "The address by which the person reaches the server, if it is another one.",
);

/** What the server writes into a data directory before anything else. */
const instanceRecord = "instance.json";
const superAdminUser = "strongroom-super-admin";
const ttlMsDefault = 8 * 60 * 60 * 1000;
const ttlMsMin = 60 * 1000;
const ttlMsMax = 365 * 24 * 60 * 60 * 1000;

/** `strongroom kubeconfig`: a client certificate, from the running server or from the data directory of a stopped one. */
export const kubeconfigCommand: Command = {
  usage:
    "[--user NAME] [--group NAME]... [--ttl DURATION] [--super-admin] [--output FILE] [--server URL] " +
    "[--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE]",
  examples: [
    {
      line: "export KUBECONFIG=$(strongroom kubeconfig)",
      effect: "renew the administrator's kubeconfig for 24 hours, and use it",
    },
    {
      line: "strongroom kubeconfig --user jane --group strongroom:admins --ttl 8h --output jane.kubeconfig",
      effect: "one for another person",
    },
    {
      line: "strongroom kubeconfig --server https://secrets.example.com:8443 --output -",
      effect: "the administrator's, for another machine, on standard output",
    },
  ],
  flags: [
    userFlag,
    groupFlag,
    ttlFlag,
    superAdminFlag,
    outputFlag,
    serverFlag,
    dataDirFlag,
    configFlag,
    rootKeyFileFlag,
    passphraseFileFlag,
  ],
  notes: [
    "It works on the host of the server, for whoever may open the data directory, whether the server runs or not.",
    "The administrator's goes to admin.kubeconfig in the data directory, and the path to standard output. " +
      "Those for others go to standard output unless --output is given.",
    "A kubeconfig holds the private key: whoever reads it is that user until it expires. " +
      "It cannot be revoked, so keep the life short.",
    "Members of strongroom:admins and system:masters may do everything; everybody else what roles and bindings allow.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { flags, environment, output } = invocation;
    // Not for `help kubeconfig`, which is thereby quick.
    const { issueKubeconfig } = await import("../instance/host-kubeconfig.ts");
    const { administrator } = await import("../instance/kubeconfig-issuance.ts");
    const request = readRequest(flags, administrator);
    const server = readServerUrl(flags);
    const config = await readServerConfig(flags, environment);
    const place = readPlace(invocation, config.adminKubeconfig);
    // A mistyped directory must not become a new instance with a root key of its own.
    if (!existsSync(join(config.dataDir, instanceRecord))) {
      throw usageError(
        `${config.dataDir} must be the data directory of a server; it has no ${instanceRecord}`,
        "Name the server's with --data-dir; strongroom serve makes one.",
      );
    }
    if (request.groups.includes(superAdminGroup)) output.tell(superAdminWarning);
    const issued = await issueKubeconfig(config, request);
    const kubeconfig = new Redacted(server === undefined ? issued : withServer(issued, server));
    const life = formatDuration(request.ttlSeconds * 1000);
    if (place === undefined) {
      output.write(kubeconfig.reveal());
    } else {
      await writeKubeconfig(place, kubeconfig);
      output.print(place);
    }
    output.tell(`Issued a certificate for ${request.user}, valid for ${life}`);
    return exitCodes.ok;
  },
};

const superAdminWarning =
  `Warning: ${superAdminGroup} may do everything, and no rule that is made later can take anything from it. ` +
  "Whoever holds this file holds every secret until it expires. Use it for emergencies only.";

function readRequest(flags: FlagValues, administrator: ClientCertificateRequest): ClientCertificateRequest {
  const isSuperAdmin = flags.has(superAdminFlag);
  const ttlMs = readTtlMs(flags);
  const named = flags.one(userFlag);
  if (named === undefined && flags.has(groupFlag)) {
    throw usageError("--group needs --user", "Name the person with --user NAME.");
  }
  if (named === undefined && !isSuperAdmin) {
    return { ...administrator, ttlSeconds: ttlMs === undefined ? administrator.ttlSeconds : ttlMs / 1000 };
  }
  const groups = new Set([...(flags.many(groupFlag) ?? []), ...(isSuperAdmin ? [superAdminGroup] : [])]);
  return { user: named ?? superAdminUser, groups: [...groups], ttlSeconds: (ttlMs ?? ttlMsDefault) / 1000 };
}

function readTtlMs(flags: FlagValues): number | undefined {
  const value = flags.one(ttlFlag);
  if (value === undefined) return undefined;
  const ttlMs = parseDuration(value);
  if (ttlMs !== undefined && ttlMs >= ttlMsMin && ttlMs <= ttlMsMax) return ttlMs;
  throw usageError(`--ttl must be ${durationForm}, from 1m to 365d`);
}

/** The path to write to; undefined for standard output. */
function readPlace({ flags, environment }: Invocation, administrators: string | undefined): string | undefined {
  const given = flags.one(outputFlag);
  if (given === "-") return undefined;
  if (given !== undefined) return resolve(environment.workingDirectory, given);
  if (flags.has(userFlag) || flags.has(superAdminFlag)) return undefined;
  if (administrators !== undefined) return administrators;
  throw usageError(
    "the configuration keeps no administrator's kubeconfig",
    "Name a place with --output FILE, or - for standard output.",
  );
}

function readServerUrl(flags: FlagValues): string | undefined {
  const value = flags.one(serverFlag);
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isPlain = url?.protocol === "https:" && url.username === "" && url.search === "" && url.hash === "";
  if (isPlain) return value;
  throw usageError("--server must be a URL such as https://secrets.example.com:8443");
}

/** The same kubeconfig for a server at another address; the certificate of the server must have that name (--san). */
function withServer(kubeconfig: string, server: string): string {
  // kubectl reads YAML 1.1: quotes that matter to it must stay.
  const document = parseDocument(kubeconfig, { version: "1.1" });
  document.setIn(["clusters", 0, "cluster", "server"], server);
  return document.toString({ lineWidth: 0 });
}
