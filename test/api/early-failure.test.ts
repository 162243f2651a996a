/** What fails before the first byte of a list is told as a Status; what fails later is cut. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failure, secret, secretsPath } from "../support/api-objects.ts";
import { openDoor } from "../support/open-door.ts";
import type { OpenDoor } from "../support/open-door.ts";

const json = { "Content-Type": "application/json" };

async function fill(door: OpenDoor, count: number, valueBytes: number): Promise<void> {
  const data = { k: Buffer.alloc(valueBytes, 7).toString("base64") };
  for (let n = 0; n < count; n++) {
    const body = JSON.stringify(secret(`s${n}`, { data }));
    const answer = await door.fetch(secretsPath, { method: "POST", headers: json, body });
    assert.equal(answer.status, 201);
  }
}

/** Lets the sink fail from the nth next event on. */
function failAfter(door: OpenDoor, events: number): void {
  const write = door.audit.write.bind(door.audit);
  let left = events;
  door.audit.write = (event) => {
    door.audit.failing = left-- <= 0;
    return write(event);
  };
}

for (const accept of ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]) {
  test(`A list in ${accept} whose disclosures cannot be recorded is answered with 503 and a Status`, async () => {
    await using door = await openDoor();
    await fill(door, 3, 300_000);
    failAfter(door, 1); // the start of the answer is on record, its first secrets are not
    const answer = await door.fetch(secretsPath, { headers: { Accept: accept, "Audit-Id": "a-list" } });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("content-type"), accept);
    assert.equal(answer.headers.get("audit-id"), "a-list");
    assert.equal(answer.headers.get("content-encoding"), null);
    const text = await answer.text();
    const message = "the audit log must accept the record of this request";
    if (accept === "application/json") {
      assert.deepEqual(JSON.parse(text), failure(503, "ServiceUnavailable", message));
    } else {
      assert.ok(text.includes(message) && text.includes("Status"), text);
    }
    const counted = await door.registry.metrics();
    assert.match(counted, /apiserver_request_total\{[^}]*verb="LIST"[^}]*code="503"[^}]*\} 1/i);
  });
}

test("A list whose revision is compacted while its lengths are read is a 410 that says so", async () => {
  await using door = await openDoor();
  await fill(door, 7, 900_000);
  const range = door.store.range.bind(door.store);
  door.store.range = async (prefix, options) => {
    if (options?.after !== undefined && options.revision !== undefined) {
      await door.store.txn({ compares: [], thens: [{ type: "put", key: "/later", value: Buffer.of(1) }] });
      await door.store.compact(await door.store.currentRevision());
    }
    return range(prefix, options);
  };
  const answer = await door.fetch(secretsPath, { headers: { Accept: "application/vnd.kubernetes.protobuf" } });
  assert.equal(answer.status, 410);
  assert.match(await answer.text(), /The resourceVersion for the provided list is too old\./);
});

test("A list that fails after its first bytes have left is cut", async () => {
  await using door = await openDoor();
  await fill(door, 4, 500_000);
  failAfter(door, 2);
  const answer = await door.fetch(secretsPath, { headers: { "Accept-Encoding": "identity" } });
  assert.equal(answer.status, 200);
  await assert.rejects(answer.text());
});
