import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { RangeRequest, TxnRequest } from "../doors/etcd/messages/kv.ts";

const range = fc.record({
  key: fc.uint8Array({ maxLength: 20 }),
  rangeEnd: fc.uint8Array({ maxLength: 20 }),
  limit: fc.maxSafeInteger(),
  revision: fc.maxSafeInteger(),
  countOnly: fc.boolean(),
  keysOnly: fc.boolean(),
});

test("Message.decode gives back what Message.encode was given", () => {
  fc.assert(
    fc.property(range, (values) => {
      const decoded = RangeRequest.decode(RangeRequest.encode(values));
      assert.deepEqual(
        { ...decoded, key: Buffer.from(decoded.key), rangeEnd: Buffer.from(decoded.rangeEnd) },
        RangeRequest.of({ ...values, key: Buffer.from(values.key), rangeEnd: Buffer.from(values.rangeEnd) }),
      );
    }),
  );
});

test("Message.decode raises invalid, and nothing else, for any other bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        TxnRequest.decode(bytes);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "invalid");
      }
    }),
  );
});

test("Message.decode passes over fields it does not know, and refuses numbers that are not exact", () => {
  assert.equal(RangeRequest.decode(Buffer.from([0xf8, 0x07, 5, 0x18, 7])).limit, 7);
  const beyond = Buffer.from([0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
  assert.throws(() => RangeRequest.decode(beyond), { code: "invalid", message: /less than 2\^53/ });
});
