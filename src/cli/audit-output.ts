/** What goes out of the audit log: the flags of Kubernetes for its own files, and followers of the configuration file. */
import { readFile } from "node:fs/promises";
import type { AuditOutput, FollowerConfig } from "../audit/followers/follower-config.ts";
import { bearerFromFile } from "../audit/followers/http-post.ts";
import type { HttpReceiver } from "../audit/followers/http-post.ts";
import type { AuditPolicy } from "../audit/policy/audit-policy.ts";
import { defaultAuditPolicy } from "../audit/policy/default-policy.ts";
import { readAuditPolicy } from "../audit/policy/policy-reader.ts";
import { rulesAboutValues } from "../audit/policy/values-in-bodies.ts";
import { Redacted } from "../crypto/redacted.ts";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import type { ClusterAccess } from "../sight/sources/cluster/kubeconfig.ts";
import {
  allowSecretValuesFlag,
  auditPolicyFileFlag,
  durationFlag,
  logCommon,
  logCompressFlag,
  logFormatFlag,
  logMaxAgeFlag,
  logMaxBackupFlag,
  logMaxSizeFlag,
  logPathFlag,
  numberFlag,
  webhookBackoffFlag,
  webhookBufferFlag,
  webhookBurstFlag,
  webhookCommon,
  webhookConfigFlag,
  webhookMaxSizeFlag,
  webhookMaxWaitFlag,
  webhookModeFlag,
  webhookQpsFlag,
  webhookThrottleFlag,
  wordFlag,
} from "./audit-flags.ts";
import { usageError } from "./command-failure.ts";
import type { Flag, FlagValues } from "./flags.ts";

const dayMs = 24 * 60 * 60 * 1000;
const megabyte = 1024 * 1024;
const batchBytesDefault = 10 * megabyte;
const eventBytesDefault = 100 * 1024;

/** The absolute path that a flag names. */
type PathOf = (flag: Flag) => string | undefined;

/** Reads the flags, and the files that they name. Raises a usage error that says what must hold. */
export async function readAuditOutput(
  flags: FlagValues,
  pathOf: PathOf,
  configured: readonly FollowerConfig[],
): Promise<AuditOutput> {
  const policyFile = pathOf(auditPolicyFileFlag);
  const policy = policyFile === undefined ? defaultAuditPolicy : await readPolicyFile(policyFile);
  const warnings = valueWarnings(policy, policyFile, flags.has(allowSecretValuesFlag));
  const file = logFollower(flags, pathOf);
  const webhook = await webhookFollower(flags, pathOf, warnings);
  const followers = [file, webhook].filter((follower) => follower !== undefined);
  return { policy, followers: [...followers, ...configured], warnings };
}

async function readPolicyFile(path: string): Promise<AuditPolicy> {
  try {
    return readAuditPolicy(await readFile(path, "utf8"));
  } catch (error) {
    if (isStrongroomError(error, "invalid")) throw usageError(`${path}: ${error.message}`);
    throw usageError(`--audit-policy-file must name a file that can be read (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** Refuses a policy that asks for values, unless it is insisted on. */
function valueWarnings(policy: AuditPolicy, path: string | undefined, insisted: boolean): string[] {
  const rules = rulesAboutValues(policy).map(
    ({ index, level, resources }) => `rules[${index}] (${level} of ${resources.join(", ")})`,
  );
  if (rules.length === 0) return [];
  if (!insisted) {
    throw usageError(
      `${path}: the audit policy must not record values of secrets or tokens; ${rules.join(" and ")} would`,
      "Put a rule of level Metadata for them first, or insist with --audit-policy-allow-secret-values.",
    );
  }
  return [
    `WARNING: the audit policy asks for bodies of secrets or tokens: ${rules.join(" and ")}. ` +
      "They go on record with every value masked, and events say so",
  ];
}

/** Checked where a backend is used, as upstream does. */
function checkVersion(flags: FlagValues, flag: Flag): void {
  wordFlag(flags, flag, ["audit.k8s.io/v1"]);
}

/** Bytes of an event, and of a batch. */
function truncation(flags: FlagValues, of: typeof logCommon) {
  const batchBytes = numberFlag(flags, of.batchBytes, 1, batchBytesDefault);
  const eventBytes = numberFlag(flags, of.eventBytes, 1, eventBytesDefault);
  if (batchBytes < eventBytes) {
    throw usageError(`--${of.batchBytes.name} must be at least --${of.eventBytes.name} (${eventBytes})`);
  }
  const enabled = flags.has(of.truncate);
  return {
    eventBytesMax: enabled ? eventBytes : undefined,
    bytesMax: enabled ? batchBytes : batchBytesDefault,
  };
}

function logFollower(flags: FlagValues, pathOf: PathOf): FollowerConfig | undefined {
  if (flags.one(logPathFlag) === undefined) return undefined;
  checkVersion(flags, logCommon.version);
  const { eventBytesMax, bytesMax } = truncation(flags, logCommon);
  return {
    name: "audit-log-path",
    form: { type: "kubernetes", format: wordFlag(flags, logFormatFlag, ["json", "legacy"]), eventBytesMax },
    to:
      flags.one(logPathFlag) === "-"
        ? { type: "standard-output" }
        : {
            type: "file",
            path: pathOf(logPathFlag) ?? "",
            sizeBytesMax: numberFlag(flags, logMaxSizeFlag, 0, 100) * megabyte,
            backupsMax: numberFlag(flags, logMaxBackupFlag, 0, 100),
            ageMsMax: numberFlag(flags, logMaxAgeFlag, 0, 366) * dayMs,
            compress: flags.has(logCompressFlag),
          },
    from: "now",
    batch: { recordsMax: 1000, waitMs: 0, bytesMax },
    throttle: undefined,
    backoffMs: 1000,
    hashKey: undefined,
  };
}

async function webhookFollower(
  flags: FlagValues,
  pathOf: PathOf,
  warnings: string[],
): Promise<FollowerConfig | undefined> {
  const path = pathOf(webhookConfigFlag);
  if (path === undefined) return undefined;
  checkVersion(flags, webhookCommon.version);
  numberFlag(flags, webhookBufferFlag, 1, 10_000);
  const mode = wordFlag(flags, webhookModeFlag, ["batch", "blocking", "blocking-strict"]);
  if (mode !== "batch") {
    warnings.push(
      `--audit-webhook-mode ${mode}: events leave at once, but no request waits for the webhook or fails with it. ` +
        "A request is answered when it is in this server's own audit log, and fails when it cannot be",
    );
  }
  const isThrottled = wordFlag(flags, webhookThrottleFlag, ["true", "false"]) === "true" && mode === "batch";
  const { eventBytesMax, bytesMax } = truncation(flags, webhookCommon);
  const receiver = await readWebhook(path);
  if (receiver.insecure === true) {
    warnings.push(
      `WARNING: ${path} has nothing of the audit webhook checked: whoever is on the way reads and changes it`,
    );
  }
  return {
    name: "audit-webhook",
    form: { type: "kubernetes", format: "json", eventBytesMax },
    to: { type: "webhook", receiver },
    from: "now",
    batch: {
      recordsMax: numberFlag(flags, webhookMaxSizeFlag, 1, 400),
      waitMs: mode === "batch" ? durationFlag(flags, webhookMaxWaitFlag, 30_000) : 0,
      bytesMax,
    },
    throttle: isThrottled
      ? {
          perSecond: numberFlag(flags, webhookQpsFlag, 0.001, 10, "a number"),
          burst: numberFlag(flags, webhookBurstFlag, 1, 15),
        }
      : undefined,
    backoffMs: durationFlag(flags, webhookBackoffFlag, 10_000),
    hashKey: undefined,
  };
}

async function readWebhook(path: string): Promise<HttpReceiver> {
  // Not where no webhook is named: reading kubeconfigs is more code than serving without one needs.
  const { readKubeconfig } = await import("../sight/sources/cluster/kubeconfig.ts");
  try {
    const [access] = await readKubeconfig([path], []);
    if (access !== undefined) return receiverOf(path, access);
  } catch (error) {
    if (isStrongroomError(error, "invalid")) throw usageError(error.message);
    throw usageError(`--audit-webhook-config-file must name a kubeconfig that can be read (${codeOf(error)})`);
  }
  throw usageError(`--audit-webhook-config-file must name a kubeconfig with a current context`);
}

function receiverOf(path: string, { server, trust, credential }: ClusterAccess): HttpReceiver {
  if (credential.plugin !== undefined) {
    throw usageError(
      `${path} must hold a token, a password or a certificate; credential plugins are not supported here`,
    );
  }
  const { certificate, tokenFile } = credential;
  const token = credential.token === undefined ? undefined : new Redacted(`Bearer ${credential.token}`);
  const password =
    credential.password === undefined
      ? undefined
      : new Redacted(
          `Basic ${Buffer.from(`${credential.password.user}:${credential.password.password}`).toString("base64")}`,
        );
  const shown = token ?? password;
  return {
    url: server,
    ca: trust.ca,
    serverName: trust.serverName,
    insecure: trust.insecure,
    certificate,
    authorization: tokenFile !== undefined ? bearerFromFile(tokenFile) : async () => shown?.reveal(),
  };
}
