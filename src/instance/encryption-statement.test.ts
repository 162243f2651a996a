/** Statements that nothing is left under a key: what may be signed, and what a signature covers. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { EncryptionPlace, gcm, key, key1, key2, secret } from "../../test/support/encryption-place.ts";
import { ManualClock } from "../store/conformance/manual-clock.ts";
import { createMemoryEngine } from "../store/memory/memory-engine.ts";
import { isStatementSigned, parseStatement, signStatement } from "./encryption-statement.ts";
import type { EncryptionStatement } from "./encryption-statement.ts";

const form = "aesgcm:v1:key1";

test("proveUnused counts what is under a key by what it is for, and says so until nothing is", async () => {
  await using place = new EncryptionPlace();
  place.write(gcm(key1));
  await place.start();
  const { id } = await place.store.grantTtlLease(3600);
  const value = () => Buffer.from("v");
  await place.store.txn({
    compares: [],
    thens: [
      { type: "put", key: secret("a"), value: value() },
      { type: "put", key: secret("ends"), value: value(), ttlLease: id },
      { type: "put", key: "/strongroom/payloads/n/u/1", value: value() },
    ],
  });
  await place.put(secret("a"), "again");
  const refused = async (reason: RegExp) =>
    assert.rejects(place.service.proveUnused(form), { code: "invalid", message: reason });
  await refused(/it writes$/);
  await assert.rejects(place.service.proveUnused("aesgcm:v1:key"), { code: "not-found" });
  place.write(gcm(key2, key1));
  await place.encryption.look();
  await place.service.rewrite();
  await refused(/: 1 superseded revisions$/);
  const [payload] = (await place.engine.range("/strongroom/payloads/")).records;
  assert.ok(payload !== undefined);
  await place.engine.compact(await place.engine.currentRevision());
  const facts = await place.service.proveUnused(form);
  assert.deepEqual(facts.left, { objects: 0, versions: 0, trash: 0, leases: 0, own: 0, superseded: 0, freeSpace: 0 });
  assert.deepEqual([facts.key, facts.keyDigests, facts.counted.superseded], [form, ["1"], 0]);

  place.write(gcm(key1, key2));
  await place.encryption.look();
  for (const [name, lease] of [
    [secret("b"), undefined],
    [secret("ends"), id],
    ["/strongroom/payloads/n/u/2", undefined],
  ] as const) {
    await place.store.txn({ compares: [], thens: [{ type: "put", key: name, value: value(), ttlLease: lease }] });
  }
  await place.end();
  place.write(gcm(key2, key1));
  await place.start();
  await refused(/: 1 records of objects, 1 records of versions, 1 records of leases/);
});

test("proveUnused says nothing while records are rewritten, or when the configuration changes meanwhile", async () => {
  let beforeRange = async () => {};
  const memory = createMemoryEngine({ clock: new ManualClock() });
  const engine = new Proxy(memory, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (name !== "range") return member.bind(target) as unknown;
      return async (...args: unknown[]) => {
        await beforeRange();
        return (await Reflect.apply(member, target, args)) as unknown;
      };
    },
  });
  await using place = new EncryptionPlace(engine);
  place.write(gcm(key2, key1));
  await place.start();
  for (let index = 0; index < 500; index++) await place.put(secret(`s${index}`), "v");
  const walk = place.service.rewrite();
  await assert.rejects(place.service.proveUnused(form), { code: "unavailable", message: /ask again/ });
  await walk;
  place.write(gcm(key("key3", 3), key2, key1));
  beforeRange = () => place.encryption.look();
  await assert.rejects(place.service.proveUnused(form), { code: "unavailable", message: /must not change/ });
});

const { privateKey: signingKey, publicKey } = generateKeyPairSync("ed25519");
const facts = {
  time: "2026-01-01T00:00:00.000Z",
  revision: 7,
  key: form,
  keyDigests: ["0123"],
  left: { objects: 0, versions: 0, trash: 0, leases: 0, own: 0, superseded: 0, freeSpace: 0 },
  counted: { records: 3, superseded: 1, fileBytes: 4096, files: ["store/data.mdb"] },
  freeSpace: { basis: "searched" },
} as const;
const statement = signStatement(facts, { instance: "0011223344556677", signingKey, publicKey });

test("A statement is verified however it is formatted, with the key that signed it and no other", () => {
  const indented = parseStatement(JSON.stringify(statement, null, 2));
  assert.ok(isStatementSigned(indented, publicKey));
  const reversed = Object.fromEntries(Object.entries(statement).toReversed());
  assert.ok(isStatementSigned(parseStatement(JSON.stringify(reversed)), publicKey));
  assert.ok(!isStatementSigned(statement, generateKeyPairSync("ed25519").publicKey));
});

test("A statement of which any member was changed, added or taken out is none, or not signed", () => {
  const paths = pathsOf(statement).filter(([name]) => name !== "signature");
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      const changed = structuredClone(statement) as unknown as Record<string, unknown>; // is changed below
      const parent = path.slice(0, -1).reduce((object, name) => object[name] as Record<string, unknown>, changed);
      const name = path.at(-1) ?? "";
      if (JSON.stringify(parent[name]) === JSON.stringify(value)) return;
      parent[name] = value;
      assert.ok(!isAccepted(changed), JSON.stringify(changed));
    }),
    { numRuns: 500 },
  );
  for (const [name] of paths) {
    const { [name as keyof EncryptionStatement]: _taken, ...rest } = statement;
    assert.ok(!isAccepted(rest), name);
  }
  assert.ok(!isAccepted({ ...statement, note: "" }));
  assert.ok(isAccepted(statement));
});

function isAccepted(changed: object): boolean {
  try {
    return isStatementSigned(parseStatement(JSON.stringify(changed)), publicKey);
  } catch {
    return false; // is no statement
  }
}

function pathsOf(value: object): string[][] {
  return Object.entries(value).flatMap(([name, member]) => [
    [name],
    ...(typeof member === "object" && member !== null ? pathsOf(member as object).map((rest) => [name, ...rest]) : []),
  ]);
}
