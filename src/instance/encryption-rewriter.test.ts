/** Rewriting when things fail, or others are at work. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EncryptionPlace, gcm, key, key1, key2, secret } from "../../test/support/encryption-place.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Store } from "../store/store.ts";

const records = 300;

/** A place whose records are under the former key, and whose store is reached by `wrap`. */
async function rotated(wrap: (store: Store) => Store, count = records): Promise<EncryptionPlace> {
  const place = new EncryptionPlace();
  place.write(gcm(key1));
  await place.start();
  for (let index = 0; index < count; index++) await place.put(secret(`s${index}`), `value ${index}`);
  await place.end();
  place.write(gcm(key2, key1));
  place.wrap = wrap;
  await place.start();
  return place;
}

const steps = new Set<unknown>(["currentRevision", "range", "get", "rewrite"]);

/** Fails at the nth step of those that a walk takes: before it is done, or after it. */
class Faults {
  /** Steps until one fails. */
  left = Infinity;
  when: "before" | "after" = "before";
  error: unknown = new StrongroomError("unavailable", "an injected fault");

  readonly wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (!steps.has(name)) return member.bind(target) as unknown;
        return async (...args: unknown[]) => {
          const fails = this.left-- <= 0;
          if (fails && this.when === "before") throw this.error;
          const result: unknown = await Reflect.apply(member, target, args);
          if (fails) throw this.error;
          return result;
        };
      },
    });
}

test("A walk that fails at any of its steps says why, loses nothing, and is done when the fault is over", async () => {
  const count = 20;
  for (const when of ["before", "after"] as const) {
    let step = 0;
    for (let isCut = true; isCut; step++) {
      const faults = new Faults();
      faults.when = when;
      await using place = await rotated(faults.wrap, count);
      const { service } = place;
      await place.engine.rewrite(
        secret("s7"),
        (await place.engine.get(secret("s7")))?.modRevision ?? assert.fail(),
        damage,
      );
      faults.left = step;
      await service.rewrite();
      const { state, problem } = (await statusWithout(faults, place)).rewrite;
      isCut = state === "failed";
      if (isCut) {
        assert.equal(problem, "an injected fault");
        assert.throws(() => service.checkRewriting(), { code: "unavailable", message: /an injected fault$/ });
        assert.equal(await failedMetric(place), 1);
        await service.rewrite();
      }
      const { rewrite } = await service.status();
      assert.deepEqual([rewrite.state, rewrite.unreadable], ["done", 1]);
      assert.equal(await failedMetric(place), 0);
      service.checkRewriting();
      for (let index = 0; index < count; index++) {
        if (index === 7) continue;
        assert.equal(await place.valueOf(secret(`s${index}`)), `value ${index}`);
        assert.equal(await place.formOf(secret(`s${index}`)), "aesgcm:v1:key2");
      }
    }
    assert.ok(step > 40, `${step} steps`);
  }
});

const damage = Buffer.from("k8s:enc:aesgcm:v1:key1:damaged");

async function statusWithout(faults: Faults, place: EncryptionPlace) {
  faults.left = Infinity;
  return await place.service.status();
}

async function failedMetric({ registry }: EncryptionPlace): Promise<number | undefined> {
  const metric = await registry.getSingleMetric("strongroom_encryption_rewriting_failed")?.get();
  return metric?.values[0]?.value;
}

test("A walk that failed is begun again a minute later; an error of the program is told without its text", async () => {
  const faults = new Faults();
  faults.error = new TypeError("a text with a value in it");
  await using place = await rotated(faults.wrap);
  const { service, clock } = place;
  faults.left = 2;
  await service.rewrite();
  const failed = (await statusWithout(faults, place)).rewrite;
  assert.deepEqual([failed.state, failed.problem], ["failed", "the log says why"]);
  clock.advance(59_999);
  assert.equal((await service.status()).rewrite.state, "failed");
  clock.advance(1);
  await service.rewrite(); // waits for the walk that the clock began
  const again = (await service.status()).rewrite;
  assert.deepEqual([again.state, again.problem], ["done", undefined]);
});

test("While others write, a walk takes few records at once and rests in between; alone it takes many", async () => {
  const running = { now: 0, batches: 0 };
  const wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name !== "rewrite") return member.bind(target) as unknown;
        return async (...args: unknown[]) => {
          if (running.now++ === 0) running.batches++;
          const result: unknown = await Reflect.apply(member, target, args);
          running.now--;
          return result;
        };
      },
    });
  await using place = await rotated(wrap);
  const over = new AbortController();
  const writing = (async () => {
    for (let index = 0; !over.signal.aborted; index++) {
      await place.put("/registry/configmaps/default/busy", String(index));
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  await place.service.rewrite();
  over.abort();
  await writing;
  assert.equal((await place.service.status()).rewrite.rewritten, records);
  assert.ok(running.batches > records / 20, `${running.batches} batches`);
});

test("A plugin that is away holds up its own records alone, and is asked once a walk for each of its keys", async () => {
  let [isThere, asked] = [false, 0];
  const isBehindPlugin = (key: string) => key.startsWith(secret("p"));
  const refuse = () => {
    asked++;
    throw new StrongroomError("unavailable", "the plugin must answer");
  };
  const wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name === "get" && !isThere) {
          return async (key: string) => (isBehindPlugin(key) ? refuse() : await target.get(key));
        }
        if (name === "range" && !isThere) {
          return async (...args: Parameters<Store["range"]>) => {
            const result = await target.range(...args);
            return args[1]?.keysOnly !== true && result.records.some(({ key }) => isBehindPlugin(key))
              ? refuse()
              : result;
          };
        }
        return member.bind(target) as unknown;
      },
    });
  const place = new EncryptionPlace();
  await using _place = place;
  place.write(gcm(key("behind-plugin", 7)));
  await place.start();
  for (let index = 0; index < 400; index++) await place.put(secret(`p${index}`), "v");
  await place.end();
  place.write(gcm(key1, key("behind-plugin", 7)));
  await place.start();
  for (let index = 0; index < 100; index++) await place.put(secret(`s${index}`), "v");
  await place.put(secret("a"), "v");
  await place.end();
  place.write(gcm(key2, key1, key("behind-plugin", 7)));
  place.wrap = wrap;
  await place.start();
  await place.service.rewrite();
  const { state, rewritten, away, problem } = (await place.service.status()).rewrite;
  assert.deepEqual([state, rewritten, away, problem], ["failed", 101, 400, "the plugin must answer"]);
  assert.equal(asked, 2, "a page with it, and one of its records");
  isThere = true;
  await place.service.rewrite();
  const again = (await place.service.status()).rewrite;
  assert.deepEqual([again.state, again.rewritten, again.away], ["done", 400, 0]);
});
