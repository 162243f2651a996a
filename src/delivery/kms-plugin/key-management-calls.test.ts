import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AppendFile } from "../../audit/append-file.ts";
import {
  DecryptRequest,
  EncryptRequest,
  EncryptResponse,
  kmsMethods,
  StatusResponse,
} from "../../crypto/kms/messages.ts";
import { RootKey } from "../../crypto/root-key/root-key.ts";
import { GrpcError } from "../../grpc/grpc-status.ts";
import type { GrpcCall } from "../../grpc/serve-grpc.ts";
import { CallRecords } from "./call-records.ts";
import { callStatus, keyManagementCalls } from "./key-management-calls.ts";
import { KeyRing } from "./key-ring.ts";

const start = new Date(Date.UTC(2026, 0, 1));

/** Calls on a ring of two keys, the second of which writes an hour after the first; their records in a file that can fail. */
async function fixture() {
  const bytes = Buffer.concat([randomBytes(32), randomBytes(32)]);
  const ids = [0, 32].map((at) => new RootKey(Buffer.from(bytes.subarray(at, at + 32))).id);
  const facts = ids.map((id, index) => ({
    id,
    madeAt: start,
    writesFrom: new Date(start.getTime() + index * 3_600_000),
  }));
  const state = { now: start, isFull: false, written: "" };
  const file: AppendFile = {
    openedSize: 0,
    async append(record) {
      const whole = record.toString("utf8");
      state.written += state.isFull ? whole.slice(0, 10) : whole;
      if (state.isFull)
        throw Object.assign(new Error("no space left"), { code: "ENOSPC", errno: -28, syscall: "write" });
    },
    truncate: async () => {},
    isInPlace: () => true,
    close: async () => {},
  };
  const files = { open: async () => file, create: async () => file };
  const records = await CallRecords.open("records.jsonl", () => state.now, files);
  const ring = new KeyRing(facts, bytes);
  const calls = keyManagementCalls({
    ring: () => ring,
    record: (record) => records.write(record),
    now: () => state.now,
  });
  const call = async (path: string, message: Uint8Array): Promise<Uint8Array> => {
    const method = calls.get(path);
    assert.ok(method?.type === "unary");
    return await method.run({} as GrpcCall, Buffer.from(message)); // the calls look at the message only
  };
  return { state, records, call, ids };
}

const encryptRequest = () => EncryptRequest.encode({ plaintext: Buffer.from("seed"), uid: "u-1" });

test("Calls are refused while their record cannot be written, and go on when it can, on a line of their own", async () => {
  const { state, records, call } = await fixture();
  await call(kmsMethods.status, new Uint8Array());
  state.isFull = true;
  await assert.rejects(call(kmsMethods.encrypt, encryptRequest()), { code: "unavailable" });
  assert.equal(records.isWritable, false);
  await call(kmsMethods.status, new Uint8Array()); // it has no record, so kube-apiserver goes on with the seed that it has
  state.isFull = false;
  await call(kmsMethods.encrypt, encryptRequest());
  assert.equal(records.isWritable, true);
  const lines = state.written.split("\n").filter((line) => line !== "");
  assert.equal(lines.length, 3);
  assert.equal((JSON.parse(lines[2] ?? "") as { event: string }).event, "encrypt");
});

test("Status and Encrypt name the same key at each moment, and the change of it is on record before the first answer", async () => {
  const { state, call, ids } = await fixture();
  for (const [index, id] of ids.entries()) {
    state.now = new Date(start.getTime() + index * 3_600_000);
    assert.equal(StatusResponse.decode(await call(kmsMethods.status, new Uint8Array())).keyId, id);
    assert.equal(EncryptResponse.decode(await call(kmsMethods.encrypt, encryptRequest())).keyId, id);
    assert.ok(state.written.includes(`"event":"write-key","keyId":"${id}"`));
  }
});

test("Every message gets an answer or a status with a text of ours; what does not decrypt has one text", async () => {
  const { call, ids } = await fixture();
  const wrapped = EncryptResponse.decode(await call(kmsMethods.encrypt, encryptRequest()));
  const texts = new Set<string>();
  for (let at = 0; at < wrapped.ciphertext.length; at++) {
    const ciphertext = Uint8Array.from(wrapped.ciphertext, (byte, index) => (index === at ? byte ^ 1 : byte));
    for (const keyId of [wrapped.keyId, ids[1] ?? ""]) {
      await assert.rejects(
        call(kmsMethods.decrypt, DecryptRequest.encode({ ciphertext, keyId, uid: "u" })),
        (error) => {
          texts.add(callStatus(error).message);
          return true;
        },
      );
    }
  }
  assert.deepEqual([...texts], ["the ciphertext must be one of this plugin"]);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.values(kmsMethods)),
      fc.uint8Array({ maxLength: 200 }),
      async (path, message) => {
        await call(path, message).catch((error: unknown) => {
          const { message: text } = callStatus(error);
          assert.match(text, /must/);
          assert.ok(!(error instanceof GrpcError) && !(error instanceof TypeError), String(error));
        });
      },
    ),
    { numRuns: 500 },
  );
});

test("Records have no value in them, and what a client calls itself is cut and escaped", async () => {
  const { state, call } = await fixture();
  const plaintext = Buffer.from("canary-41c7");
  const uid = `${"u".repeat(126)}\n\u202e"}x`;
  const wrapped = EncryptResponse.decode(await call(kmsMethods.encrypt, EncryptRequest.encode({ plaintext, uid })));
  await call(kmsMethods.decrypt, DecryptRequest.encode({ ciphertext: wrapped.ciphertext, keyId: wrapped.keyId, uid }));
  const lines = state.written.trimEnd().split("\n");
  assert.equal(lines.length, 3);
  assert.equal((JSON.parse(lines[2] ?? "") as { uid: string }).uid, `${"u".repeat(126)}\n\u202e`);
  assert.ok(!state.written.includes("\u202e") && !state.written.includes("canary"));
  assert.ok(!state.written.includes(Buffer.from("canary-41c7").toString("base64")));
});
