import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { auditEvent } from "../../../test/support/audit-log-fixture.ts";
import type { AuditEntry } from "../audit-log.ts";
import { compareReceived, ReceivedRecords } from "./received-records.ts";
import { renderOwn } from "./render-own.ts";

const render = renderOwn((entry) => entry);
const disclosed = Array.from({ length: 250 }, (_, index) => ({
  namespace: "prod",
  name: `app-${index}`,
  uid: "u",
  resourceVersion: "1",
  keys: ["password"],
}));

/** Entry 3 has three records. */
const entries: readonly AuditEntry[] = Array.from({ length: 30 }, (_, position) => ({
  position,
  event: auditEvent(`event-${position}`, position === 3 ? { disclosed } : {}),
}));
const records = entries.flatMap((entry) => render(entry).map((text) => ({ position: entry.position, text })));

async function* all(): AsyncGenerator<AuditEntry> {
  yield* entries;
}

function receivedOf(lines: readonly string[]): ReceivedRecords {
  const received = new ReceivedRecords();
  for (const line of lines) received.add(line);
  return received;
}

const texts = records.map(({ text }) => text);

test("A receiver that kept everything lacks nothing, in whatever order, again or written anew", async () => {
  const anew = texts.map((text) =>
    JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).toReversed()), null, 1),
  );
  const lines = [
    ...texts.toReversed(),
    "",
    ...anew.map((text) => text.replaceAll("\n", " ")),
    '{"kind":"AuditCheckpoint"}',
  ];
  const found = await compareReceived(all(), render, receivedOf(lines));
  assert.deepEqual(found, {
    expected: 32,
    present: 32,
    missing: [],
    furtherMissing: 0,
    foreign: 0,
    foreignLines: [],
    repeated: 32,
    checkpoints: 1,
  });
});

test("Whatever a receiver drops, changes and makes up is told, and nothing else", async () => {
  const fate = fc.constantFrom("kept" as const, "kept" as const, "dropped" as const, "changed" as const);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { minLength: records.length, maxLength: records.length }),
      fc.array(fc.constantFrom("no JSON", "{}", '{"position":7}'), { maxLength: 3 }),
      async (fates, madeUp) => {
        const lines = texts.flatMap((text, index) => {
          if (fates[index] === "dropped") return [];
          return [fates[index] === "kept" ? text : text.replace('"jane"', '"john"')];
        });
        const found = await compareReceived(all(), render, receivedOf([...lines, ...madeUp]), () => true);
        const lost = records.filter((_, index) => fates[index] !== "kept");
        assert.equal(found.present, records.length - lost.length);
        assert.equal(found.expected, records.length);
        assert.equal(
          found.missing.reduce((sum, each) => sum + each.records, 0),
          lost.length,
        );
        for (const { position } of lost) {
          assert.ok(
            found.missing.some(({ from, before }) => from <= position && position < before),
            `${position}`,
          );
        }
        const isObject = (line: string) => line !== "no JSON";
        const made = new Set(madeUp.filter(isObject)).size + madeUp.filter((line) => !isObject(line)).length;
        assert.equal(found.foreign, fates.filter((each) => each === "changed").length + made);
      },
    ),
    { numRuns: 100 },
  );
});

test("Without bounds, what comes before the first and after the last record that is there is not missed", async () => {
  const middle = records
    .filter(({ position }) => position >= 10 && position < 20 && position !== 15)
    .map(({ text }) => text);
  const unbounded = await compareReceived(all(), render, receivedOf(middle));
  assert.deepEqual([unbounded.expected, unbounded.present], [10, 9]);
  assert.deepEqual(unbounded.missing, [{ from: 15, before: 16, records: 1 }]);
  const bounded = await compareReceived(
    all(),
    render,
    receivedOf(middle),
    ({ position }) => position >= 8 && position < 22,
  );
  assert.deepEqual(
    bounded.missing.map(({ from, before }) => [from, before]),
    [
      [8, 10],
      [15, 16],
      [20, 22],
    ],
  );
});

test("A line that is deeper than any record is one that cannot be read, and the others count", async () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const { foreign, present } = await compareReceived(
    all(),
    render,
    receivedOf([deep, ...records.map(({ text }) => text)]),
  );
  assert.deepEqual([foreign, present], [1, records.length]);
});
