import assert from "node:assert/strict";
import { test } from "node:test";

import { withCode } from "../conformance/subject.ts";
import { createMemoryEngine } from "../memory/memory-engine.ts";
import { toRevision } from "../revision.ts";
import type { TtlLease, TtlLeaseId } from "../store.ts";
import type { KeyHead } from "./revision-reader.ts";
import { encodeSnapshot } from "./snapshot-stream.ts";

interface Row {
  readonly key: string;
  readonly created?: number;
  readonly changed?: number;
  readonly version?: number;
  readonly lease?: number;
}

function lease(id: number): TtlLease {
  return { id: id as TtlLeaseId, ttlSeconds: 3600, expiresAtMs: Date.UTC(2100, 0, 1) }; // an id of the stream
}

/** A stream with an intact checksum, whatever it says. */
function streamOf(rows: readonly Row[], leases: readonly TtlLease[] = []): AsyncIterable<Uint8Array> {
  async function* records(): AsyncGenerator<KeyHead[]> {
    yield rows.map(({ key, created = 1, changed = 2, version = 1, lease: id }) => ({
      key,
      head: {
        place: { revision: toRevision(changed), sub: 0 },
        createRevision: toRevision(created),
        version,
        ttlLease: id as TtlLeaseId | undefined, // an id of the stream
        sizeBytes: 1,
      },
    }));
  }
  return encodeSnapshot({
    header: { revision: toRevision(5), ttlLeaseSequence: 2 },
    ttlLeases: leases,
    records: records(),
    value: () => Buffer.from("x"),
  });
}

test("a snapshot stream that says what a store can hold is restored", async () => {
  await using store = createMemoryEngine();
  await store.restore(streamOf([{ key: "/a" }, { key: "/b", lease: 2 }], [lease(2)]));
  assert.equal(await store.count(""), 2);
});

test("a snapshot stream that says what no store can hold is refused, its checksum notwithstanding", async () => {
  const rows: [what: string, stream: AsyncIterable<Uint8Array>][] = [
    ["keys out of order", streamOf([{ key: "/b" }, { key: "/a" }])],
    ["a key twice", streamOf([{ key: "/a" }, { key: "/a" }])],
    ["a key that is none", streamOf([{ key: "/\x01" }])],
    ["changed before it was created", streamOf([{ key: "/a", created: 3, changed: 2 }])],
    ["created at revision 0", streamOf([{ key: "/a", created: 0 }])],
    ["changed after the snapshot", streamOf([{ key: "/a", changed: 6 }])],
    ["version 0", streamOf([{ key: "/a", version: 0 }])],
    ["a lease that is not in the stream", streamOf([{ key: "/a", lease: 1 }], [lease(2)])],
    ["a lease that was never granted", streamOf([], [lease(3)])],
    ["a lease numbered 0", streamOf([], [lease(0)])],
  ];
  await using store = createMemoryEngine();
  for (const [what, stream] of rows) {
    await assert.rejects(store.restore(stream), withCode("corrupt"), what);
    assert.equal(await store.count(""), 0, what);
  }
});
