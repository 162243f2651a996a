/** The flags of Kubernetes about audit, as a kube-apiserver has them. Source: apiserver pkg/server/options/audit.go. */
import { usageError } from "./command-failure.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import type { Flag, FlagValues } from "./flags.ts";

export const auditPolicyFileFlag = valueFlag(
  "audit-policy-file",
  "FILE",
  "The audit policy (audit.k8s.io/v1): what goes out in Kubernetes form. Default: metadata of what touches secrets, tokens and rights.",
);
export const allowSecretValuesFlag = switchFlag(
  "audit-policy-allow-secret-values",
  "Accept an audit policy that asks for bodies of secrets or tokens. They are recorded with every value masked.",
);
export const logPathFlag = valueFlag(
  "audit-log-path",
  "FILE|-",
  "Write events of Kubernetes to this file, or to standard output.",
);
export const logFormatFlag = valueFlag("audit-log-format", "json|legacy", "How they look there. Default: json.");
export const logMaxAgeFlag = valueFlag(
  "audit-log-maxage",
  "DAYS",
  "How long old files are kept. Default: 366; 0: always.",
);
export const logMaxBackupFlag = valueFlag(
  "audit-log-maxbackup",
  "N",
  "How many old files are kept. Default: 100; 0: all.",
);
export const logMaxSizeFlag = valueFlag(
  "audit-log-maxsize",
  "MB",
  "The size at which a new file begins. Default: 100; 0: never.",
);
export const logCompressFlag = switchFlag("audit-log-compress", "Pack old files with gzip.");
export const webhookConfigFlag = valueFlag(
  "audit-webhook-config-file",
  "FILE",
  "Post events of Kubernetes to the server of this kubeconfig.",
);
export const webhookModeFlag = valueFlag(
  "audit-webhook-mode",
  "batch|blocking|blocking-strict",
  "In batches, or as soon as there are any. No request waits for it. Default: batch.",
);
export const webhookBackoffFlag = valueFlag(
  "audit-webhook-initial-backoff",
  "DURATION",
  "How long to wait before trying again, at first. Default: 10s.",
);
export const webhookMaxSizeFlag = valueFlag("audit-webhook-batch-max-size", "N", "Events in a batch. Default: 400.");
export const webhookMaxWaitFlag = valueFlag(
  "audit-webhook-batch-max-wait",
  "DURATION",
  "How long a batch waits to be full. Default: 30s.",
);
export const webhookThrottleFlag = valueFlag(
  "audit-webhook-batch-throttle-enable",
  "true|false",
  "Whether batches a second are limited. Default: true.",
);
export const webhookQpsFlag = valueFlag("audit-webhook-batch-throttle-qps", "N", "Batches a second. Default: 10.");
export const webhookBurstFlag = valueFlag("audit-webhook-batch-throttle-burst", "N", "Batches at once. Default: 15.");
export const webhookBufferFlag = valueFlag(
  "audit-webhook-batch-buffer-size",
  "N",
  "Has no effect: the log is the buffer, and nothing is dropped.",
);

/** Those of one backend that both have. */
function common(backend: "log" | "webhook") {
  return {
    version: valueFlag(`audit-${backend}-version`, "VERSION", "The version of events: audit.k8s.io/v1."),
    truncate: switchFlag(`audit-${backend}-truncate-enabled`, "Shorten events and batches that are too large."),
    batchBytes: valueFlag(
      `audit-${backend}-truncate-max-batch-size`,
      "BYTES",
      "The largest batch, if they are shortened. Default: 10485760.",
    ),
    eventBytes: valueFlag(
      `audit-${backend}-truncate-max-event-size`,
      "BYTES",
      "The largest event, if they are shortened. Default: 102400.",
    ),
  };
}

export const logCommon = common("log");
export const webhookCommon = common("webhook");

/** In the order of the help. */
export const auditFlags: readonly Flag[] = [
  auditPolicyFileFlag,
  allowSecretValuesFlag,
  logPathFlag,
  logFormatFlag,
  logMaxSizeFlag,
  logMaxBackupFlag,
  logMaxAgeFlag,
  logCompressFlag,
  ...Object.values(logCommon),
  webhookConfigFlag,
  webhookModeFlag,
  webhookBackoffFlag,
  webhookMaxSizeFlag,
  webhookMaxWaitFlag,
  webhookThrottleFlag,
  webhookQpsFlag,
  webhookBurstFlag,
  webhookBufferFlag,
  ...Object.values(webhookCommon),
];

/** A number of at least `least`; `orElse` when the flag was not given. */
export function numberFlag(
  flags: FlagValues,
  flag: Flag,
  least: number,
  orElse: number,
  form = "a whole number",
): number {
  const text = flags.one(flag);
  if (text === undefined) return orElse;
  const value = Number(text);
  const isForm = form === "a number" ? /^\d+(\.\d+)?$/.test(text) : /^\d{1,15}$/.test(text);
  if (!isForm || value < least) throw usageError(`--${flag.name} must be ${form} of at least ${least}`);
  return value;
}

export function wordFlag<T extends string>(flags: FlagValues, flag: Flag, words: readonly [T, ...T[]]): T {
  const text = flags.one(flag);
  if (text === undefined) return words[0];
  const word = words.find((known) => known === text);
  if (word === undefined) throw usageError(`--${flag.name} must be ${words.join(" or ")}`);
  return word;
}

const goUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration as Go writes it: `30s`, `1m30s`, `500ms`, `1.5h`. */
export function durationFlag(flags: FlagValues, flag: Flag, orElse: number): number {
  const text = flags.one(flag);
  if (text === undefined) return orElse;
  const form = `--${flag.name} must be a duration such as 500ms, 30s or 1m30s`;
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h))+$/.test(text)) throw usageError(form);
  let totalMs = 0;
  for (const [, number, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    totalMs += Number(number) * (goUnits[unit] ?? 0);
  }
  // Timers hold no more.
  if (totalMs > 2 ** 31 - 1) throw usageError(form);
  return totalMs;
}
