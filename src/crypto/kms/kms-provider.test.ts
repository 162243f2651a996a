import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { isStrongroomError, StrongroomError } from "../../errors/strongroom-error.ts";
import { LocalKeyManagementService } from "../kms-v2/key-management-service.ts";
import type { WrappedSeed } from "../kms-v2/key-management-service.ts";
import { RootKey } from "../root-key/root-key.ts";
import type { KmsPlugin, KmsStatus } from "./kms-plugin-client.ts";
import { KmsProvider, pollMsUnwell, pollMsWell, writableMs } from "./kms-provider.ts";
import type { KmsClock } from "./kms-provider.ts";

const context = { key: "/registry/secrets/default/db", revision: undefined };
const value = Buffer.from("value");

/** Time that stands until it is moved. */
class ManualClock implements KmsClock {
  nowMs = 1_000_000;
  timer: { readonly at: number; readonly action: () => void } | undefined;

  now(): number {
    return this.nowMs;
  }

  after(delayMs: number, action: () => void) {
    const timer = { at: this.nowMs + delayMs, action };
    this.timer = timer;
    return {
      cancel: () => {
        if (this.timer === timer) this.timer = undefined;
      },
    };
  }

  /** Moves it; timers that are due go off. */
  move(ms: number): void {
    this.nowMs += ms;
    const due = this.timer;
    if (due === undefined || due.at > this.nowMs) return;
    this.timer = undefined;
    due.action();
  }
}

/** A plugin whose keys can be changed, and that lies as it is told to. */
class TestPlugin implements KmsPlugin, Disposable {
  readonly keys = [new RootKey(randomBytes(32))];
  readonly calls = { status: 0, encrypt: 0, decrypt: 0 };
  statusOf = (status: KmsStatus): KmsStatus => status;
  encrypted = (wrapped: WrappedSeed): WrappedSeed => wrapped;
  decrypted = (seed: Uint8Array): Uint8Array => seed;
  isAway = false;

  get keyId(): string {
    return this.keys.at(-1)?.id ?? "";
  }

  async status(): Promise<KmsStatus> {
    this.#called("status");
    return this.statusOf({ version: "v2", healthz: "ok", keyId: this.keyId });
  }

  async encrypt(seed: Uint8Array): Promise<WrappedSeed> {
    this.#called("encrypt");
    return this.encrypted(this.#service().encrypt(seed));
  }

  async decrypt(wrapped: WrappedSeed): Promise<Uint8Array> {
    this.#called("decrypt");
    return this.decrypted(this.#service().decrypt(wrapped));
  }

  [Symbol.dispose](): void {
    this.isAway = true;
  }

  #service(): LocalKeyManagementService {
    return new LocalKeyManagementService(this.keys.at(-1) ?? assert.fail(), this.keys);
  }

  #called(call: keyof TestPlugin["calls"]): void {
    this.calls[call]++;
    if (this.isAway) throw new StrongroomError("unavailable", "the plugin must be there");
  }
}

class Fixture {
  readonly plugin = new TestPlugin();
  readonly clock = new ManualClock();
  readonly told: string[] = [];

  open(plugin = this.plugin): Promise<KmsProvider> {
    const reports = {
      seedMade: (_: string, keyId: string) => void this.told.push(`seed ${keyId}`),
      statusTaken: () => {},
      failed: (_: string, error: unknown) => void this.told.push((error as Error).message),
      well: () => void this.told.push("well"),
    };
    return KmsProvider.open({ name: "plugin", plugin, clock: this.clock, reports });
  }
}

const isUnavailable = (error: unknown) => isStrongroomError(error, "unavailable");

test("KmsProvider writes until 3 minutes after the last good status, and reads what it knows for ever", async () => {
  const fixture = new Fixture();
  const { plugin, clock } = fixture;
  const provider = await fixture.open();
  const stored = provider.toStorage(value, context);
  plugin.isAway = true;
  clock.move(pollMsWell);
  await provider.look();
  assert.throws(() => provider.check(), isUnavailable);
  clock.move(writableMs - pollMsWell - 1);
  await provider.look();
  provider.toStorage(value, context);
  clock.move(1);
  assert.throws(() => provider.toStorage(value, context), isUnavailable);
  clock.move(365 * 24 * 60 * 60_000);
  assert.deepEqual(provider.fromStorage(stored, context), { plaintext: value, stale: false });
  await provider.look();
  plugin.isAway = false;
  await provider.look();
  provider.check();
  provider.toStorage(value, context);
  assert.equal(plugin.calls.encrypt, 1, "the key is the same, so the seed is too");
});

test("KmsProvider asks a plugin that is well once a minute, another every ten seconds, and one that was disposed never", async () => {
  const fixture = new Fixture();
  const provider = await fixture.open();
  const { plugin, clock } = fixture;
  clock.move(pollMsWell - 1);
  assert.equal(plugin.calls.status, 1);
  plugin.isAway = true;
  clock.move(1);
  assert.equal(plugin.calls.status, 2);
  await provider.look();
  clock.move(pollMsUnwell - 1);
  assert.equal(plugin.calls.status, 2);
  clock.move(1);
  assert.equal(plugin.calls.status, 3);
  await provider.look();
  provider[Symbol.dispose]();
  assert.equal(clock.timer, undefined);
});

test("KmsProvider takes a new seed when the key id changes; records of before are stale, and are read without the plugin", async () => {
  const fixture = new Fixture();
  const { plugin, told } = fixture;
  const provider = await fixture.open();
  const before = provider.toStorage(value, context);
  const formerId = plugin.keyId;
  plugin.keys.push(new RootKey(randomBytes(32)));
  await provider.look();
  assert.deepEqual(told, [`seed ${formerId}`, "well", `seed ${plugin.keyId}`]);
  const { decrypt } = plugin.calls;
  assert.deepEqual(provider.fromStorage(before, context), { plaintext: value, stale: true });
  assert.deepEqual(provider.fromStorage(provider.toStorage(value, context), context), {
    plaintext: value,
    stale: false,
  });
  assert.equal(plugin.calls.decrypt, decrypt);
});

test("KmsProvider starts without its plugin: it reads what it can ask for, and writes when the plugin has come", async () => {
  const fixture = new Fixture();
  const stored = (await fixture.open()).toStorage(value, context);
  fixture.plugin.isAway = true;
  const provider = await fixture.open();
  assert.throws(() => provider.toStorage(value, context), isUnavailable);
  await assert.rejects(async () => await provider.fromStorage(stored, context), isUnavailable);
  fixture.plugin.isAway = false;
  assert.deepEqual(await provider.fromStorage(stored, context), { plaintext: value, stale: false });
  await provider.look();
  provider.toStorage(value, context);
});

test("KmsProvider keeps its seed when the plugin lies, until the last good status is too old", async () => {
  const lies: [string, (plugin: TestPlugin) => void, RegExp][] = [
    ["another version", (p) => (p.statusOf = (status) => ({ ...status, version: "v1" })), /be of version v2/],
    ["not ok", (p) => (p.statusOf = (status) => ({ ...status, healthz: "no\n" })), /say ok, not "no\\n"/],
    ["no key", (p) => (p.statusOf = (status) => ({ ...status, keyId: "" })), /name its key/],
    ["a long key", (p) => (p.statusOf = (status) => ({ ...status, keyId: "k".repeat(1025) })), /name its key/],
    [
      "a key it does not use",
      (p) => (p.statusOf = (status) => ({ ...status, keyId: "x" })),
      /under the key of its status/,
    ],
    ["what it cannot decrypt", rotated((p) => (p.encrypted = (w) => ({ ...w, ciphertext: Buffer.of(1) }))), /nonce/],
    [
      "too much",
      rotated((p) => (p.encrypted = (w) => ({ ...w, ciphertext: Buffer.alloc(1025) }))),
      /within the limits/,
    ],
    ["nothing", rotated((p) => (p.encrypted = (w) => ({ ...w, ciphertext: Buffer.alloc(0) }))), /within the limits/],
    [
      "bad notes",
      rotated((p) => (p.encrypted = (w) => ({ ...w, annotations: new Map([["a", value]]) }))),
      /within the limits/,
    ],
    ["another seed", rotated((p) => (p.decrypted = () => randomBytes(32))), /decrypt what it encrypted/],
  ];
  for (const [what, lie, reason] of lies) {
    const fixture = new Fixture();
    const provider = await fixture.open();
    const { keyId } = fixture.plugin;
    const stored = provider.toStorage(value, context);
    lie(fixture.plugin);
    await provider.look();
    assert.match(fixture.told.at(-1) ?? "", reason, what);
    assert.throws(() => provider.check(), isUnavailable, what);
    assert.ok(Buffer.from(provider.toStorage(value, context)).includes(keyId), what);
    fixture.clock.move(writableMs);
    assert.throws(() => provider.toStorage(value, context), isUnavailable, what);
    assert.deepEqual(provider.fromStorage(stored, context), { plaintext: value, stale: false }, what);
  }
});

test("KmsProvider forgets a seed under which a record is not authentic, and asks again", async () => {
  const fixture = new Fixture();
  const stored = (await fixture.open()).toStorage(value, context);
  const provider = await fixture.open();
  fixture.plugin.decrypted = () => randomBytes(32);
  await assert.rejects(
    async () => await provider.fromStorage(stored, context),
    (error) => isStrongroomError(error, "corrupt"),
  );
  fixture.plugin.decrypted = (seed) => seed;
  assert.deepEqual(await provider.fromStorage(stored, context), { plaintext: value, stale: false });
});

function rotated(lie: (plugin: TestPlugin) => void) {
  return (plugin: TestPlugin) => {
    plugin.keys.push(new RootKey(randomBytes(32)));
    lie(plugin);
  };
}
