/** Everything of encryption below a server: for tests that change keys, start again, and look at what is stored. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { aesGcmTransformer } from "../../src/crypto/providers/aes-gcm.ts";
import { formOfRecord } from "../../src/crypto/stored-form.ts";
import { EncryptionAtRest } from "../../src/instance/encryption-at-rest.ts";
import { encryptionReports } from "../../src/instance/encryption-metrics.ts";
import { EncryptionService } from "../../src/instance/encryption-service.ts";
import type { ExaminedEngine } from "../../src/instance/encryption-status.ts";
import { createLogger } from "../../src/log/logger.ts";
import { ManualClock } from "../../src/store/conformance/manual-clock.ts";
import { createEncryptedStore } from "../../src/store/encrypted-store.ts";
import { createMemoryEngine } from "../../src/store/memory/memory-engine.ts";
import type { Store } from "../../src/store/store.ts";

const stored = [
  { group: "", resource: "secrets", places: ["/registry/secrets/", "/strongroom/payloads/"] },
  { group: "", resource: "configmaps", places: ["/registry/configmaps/"] },
];
export const key = (name: string, byte: number) =>
  `{name: ${name}, secret: ${Buffer.alloc(32, byte).toString("base64")}}`;
export const [key1, key2] = [key("key1", 1), key("key2", 2)];
export const gcm = (...keys: readonly string[]) => `{aesgcm: {keys: [${keys.join(", ")}]}}`;

/** On an engine that outlives restarts: in memory, unless another one is given. */
export class EncryptionPlace implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "strongroom-keys-"));
  readonly file = join(this.folder, "encryption.yaml");
  readonly clock = new ManualClock();
  readonly engine: Store & ExaminedEngine;
  /** Between the service and the store, for tests of faults. */
  wrap: (store: Store) => Store = (store) => store;
  registry = new Registry();
  readonly refused: string[] = [];
  store!: Store; // set by start
  encryption!: EncryptionAtRest; // set by start
  service!: EncryptionService; // set by start

  constructor(engine?: Store & ExaminedEngine) {
    this.engine = engine ?? createMemoryEngine({ clock: this.clock });
  }

  /** The providers for secrets. */
  write(...providers: readonly string[]): void {
    const rule = `  - resources: [secrets]\n    providers: [${providers.join(", ")}]\n`;
    const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    writeFileSync(this.file, head + rule, { mode: 0o600 });
  }

  async start(options: { abandonKeys?: boolean; without?: boolean } = {}): Promise<void> {
    const { clock, engine } = this;
    this.registry = new Registry();
    const log = createLogger(
      "json",
      () => {},
      () => new Date(clock.now()),
    );
    const reports = encryptionReports(this.registry, log, () => new Date(clock.now()));
    this.encryption = await EncryptionAtRest.open({
      file: options.without === true ? undefined : this.file,
      own: aesGcmTransformer("own", Buffer.alloc(32, 9)),
      openKms: () => assert.fail("no configuration here has a plugin"),
      fingerprint: (bytes) => String(bytes[0]),
      stored,
      clock,
      reports: {
        reloaded: (summary) => reports.reloaded(summary),
        refused: (error) => {
          this.refused.push(String(error));
          reports.refused(error);
        },
      },
    });
    this.store = createEncryptedStore(engine, this.encryption);
    const store = this.wrap(this.store);
    const { encryption, registry } = this;
    const abandonKeys = options.abandonKeys === true;
    this.service = await EncryptionService.open({
      encryption,
      store,
      engine,
      stored,
      abandonKeys,
      clock,
      registry,
      log,
    });
  }

  /** Lets go of what runs, as a process that ends. */
  async end(): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.encryption[Symbol.asyncDispose]();
  }

  async put(name: string, value: string): Promise<void> {
    await this.store.txn({ compares: [], thens: [{ type: "put", key: name, value: Buffer.from(value) }] });
  }

  async valueOf(name: string): Promise<string> {
    return Buffer.from((await this.store.get(name))?.value ?? []).toString();
  }

  async formOf(name: string): Promise<string> {
    return formOfRecord((await this.engine.get(name))?.value ?? new Uint8Array(0), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.engine.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The name of a secret's record. */
export const secret = (name: string) => `/registry/secrets/default/${name}`;
