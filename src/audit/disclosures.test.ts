import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Disclosure } from "./audit-event.ts";
import { disclosureCount, disclosuresOf, inRecord } from "./disclosures.ts";

const keyArbitrary = fc.stringMatching(/^[-._a-zA-Z0-9]{1,8}$/);
const disclosureArbitrary: fc.Arbitrary<Disclosure> = fc
  .record({
    namespace: fc.constantFrom("default", "prod", ""),
    name: fc.string({ unit: "binary" }),
    uid: fc.string(),
    resourceVersion: fc.nat().map(String),
    keys: fc.option(fc.array(keyArbitrary, { maxLength: 3 }), { nil: undefined }),
    linkedFrom: fc.option(fc.constantFrom("shared/db", "shared/web"), { nil: undefined }),
  })
  .map(({ keys, linkedFrom, ...rest }) => ({
    ...rest,
    ...(keys !== undefined && { keys }),
    ...(linkedFrom !== undefined && { linkedFrom }),
  }));

function written(disclosures: readonly Disclosure[]) {
  return JSON.parse(JSON.stringify({ disclosed: inRecord(disclosures) }));
}

test("What was put on record comes out of the record, in order, whatever its form", () => {
  fc.assert(
    fc.property(fc.array(disclosureArbitrary, { maxLength: 12 }), (disclosures) => {
      const event = written(disclosures);
      assert.equal(disclosureCount(event), disclosures.length);
      const read = disclosuresOf(event).map(({ namespace, name, uid, resourceVersion, keys, linkedFrom }) => ({
        namespace,
        name,
        uid,
        resourceVersion,
        ...(keys !== undefined && { keys }),
        ...(linkedFrom !== undefined && { linkedFrom }),
      }));
      assert.deepEqual(read, disclosures);
    }),
  );
});

test("A secret without keys beside one with keys has disclosed metadata only", () => {
  const [one, other] = [
    { namespace: "n", name: "a", uid: "u", resourceVersion: "1" },
    { namespace: "n", name: "b", uid: "v", resourceVersion: "2", keys: ["k"] },
  ];
  const only = (event: object) => disclosuresOf(event).map(({ metadataOnly }) => metadataOnly);
  assert.deepEqual(only(written([one, other])), [true, false]);
  assert.deepEqual(only({ ...written([one]), metadataOnly: true }), [true]);
  // A record of before keys were kept says of all what it says of one.
  assert.deepEqual(only({ disclosed: [one] }), [false]);
  assert.deepEqual(only({}), []);
});

test("Ten thousand secrets of a namespace take less than 80 bytes each, and their names are all there", () => {
  const disclosures = Array.from({ length: 10_000 }, (_, index) => ({
    namespace: "production",
    name: `service-${index}-credentials`,
    uid: crypto.randomUUID(),
    resourceVersion: String(1_000_000 + index),
    keys: index % 3 === 0 ? ["tls.crt", "tls.key"] : ["username", "password"],
  }));
  const event = written(disclosures);
  const bytes = JSON.stringify(event).length / disclosures.length;
  assert.ok(bytes < 80, `${bytes} bytes a disclosure`);
  assert.deepEqual(
    disclosuresOf(event).map(({ name }) => name),
    disclosures.map(({ name }) => name),
  );
});
