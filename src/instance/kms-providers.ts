/** Providers of KMS plugins as a server has them: with its clock, its log and its metrics. */
import { Gauge, Histogram } from "prom-client";
import type { Registry } from "prom-client";
import type { KmsConfiguration } from "../crypto/encryption-configuration/encryption-configuration.ts";
import type { KmsPlugin } from "../crypto/kms/kms-plugin-client.ts";
import { KmsPluginClient } from "../crypto/kms/kms-plugin-client.ts";
import { keyIdDigest } from "../crypto/kms-v2/key-id-of-record.ts";
import { KmsProvider } from "../crypto/kms/kms-provider.ts";
import type { KmsClock, KmsReports } from "../crypto/kms/kms-provider.ts";
import type { Logger } from "../log/logger.ts";
import { systemClock } from "../store/clock.ts";

/** A clock that no change of the time moves: three minutes are three minutes. */
const steadyClock: KmsClock = {
  now: () => performance.now(),
  after: (delayMs, action) => systemClock.after(delayMs, action),
};

/** Opens the provider of a configuration. Its metrics have upstream's names where upstream has them; key ids are told as hashes. */
export function kmsOpener(registry: Registry, log: Logger): (kms: KmsConfiguration) => Promise<KmsProvider> {
  const reports = kmsReports(registry, log);
  const seconds = new Histogram({
    name: "apiserver_envelope_encryption_kms_operations_latency_seconds",
    help: "How long calls of a KMS plugin took, by method and whether it answered.",
    labelNames: ["provider_name", "method_name", "outcome"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 3, 10],
    registers: [registry],
  });
  return async ({ name, endpoint, timeoutMs }) => {
    const observe = (method_name: string, outcome: "ok" | "failed", durationMs: number) =>
      seconds.observe({ provider_name: name, method_name, outcome }, durationMs / 1000);
    const plugin = measured(new KmsPluginClient(endpoint, timeoutMs), observe);
    return await KmsProvider.open({ name, plugin, clock: steadyClock, reports });
  };
}

function kmsReports(registry: Registry, log: Logger): KmsReports {
  const well = new Gauge({
    name: "strongroom_kms_provider_well",
    help: "1 while the plugin has told a good status when it was last asked, else 0.",
    labelNames: ["provider_name"],
    registers: [registry],
  });
  const lastStatus = new Gauge({
    name: "apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds",
    help: "When the plugin last named this key in its status.",
    labelNames: ["provider_name", "key_id_hash"],
    registers: [registry],
  });
  const named = new Map<string, string>();
  return {
    seedMade: (provider, keyId) =>
      log.info("Made a seed under a key of a KMS plugin", { provider, key: keyIdDigest(keyId) }),
    statusTaken(provider, keyId) {
      const key_id_hash = keyIdDigest(keyId);
      const former = named.get(provider);
      if (former !== undefined && former !== key_id_hash)
        lastStatus.remove({ provider_name: provider, key_id_hash: former });
      named.set(provider, key_id_hash);
      lastStatus.set({ provider_name: provider, key_id_hash }, Date.now() / 1000);
    },
    failed(provider, error) {
      well.set({ provider_name: provider }, 0);
      log.error("A KMS plugin is not well", error, { provider });
    },
    well(provider) {
      well.set({ provider_name: provider }, 1);
      log.info("A KMS plugin is well", { provider });
    },
  };
}

function measured(
  plugin: KmsPlugin & Disposable,
  observe: (method: string, outcome: "ok" | "failed", durationMs: number) => void,
): KmsPlugin & Disposable {
  const timed = async <T>(method: string, call: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    let outcome: "ok" | "failed" = "failed";
    try {
      const answer = await call();
      outcome = "ok";
      return answer;
    } finally {
      observe(method, outcome, performance.now() - startedMs);
    }
  };
  return {
    status: () => timed("Status", () => plugin.status()),
    encrypt: (seed) => timed("Encrypt", () => plugin.encrypt(seed)),
    decrypt: (wrapped) => timed("Decrypt", () => plugin.decrypt(wrapped)),
    [Symbol.dispose]: () => plugin[Symbol.dispose](),
  };
}
