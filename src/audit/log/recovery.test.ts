/** Properties of the log under crashes and failing disks, against a plain list. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { segmentNames } from "../../../test/support/audit-attacker.ts";
import {
  auditEvent,
  FaultyDisk,
  idsOf,
  LogFixture,
  numbered,
  writeAll,
} from "../../../test/support/audit-log-fixture.ts";
import type { AuditLogFile } from "./audit-log-file.ts";
import { positionsLeftOut } from "./log-recovery.ts";
import { segmentsToVerify, verifyLog } from "./verify-log.ts";

async function faultsIn({ directory, keys }: LogFixture) {
  return (
    await verifyLog(await segmentsToVerify(directory), {
      publicKey: keys.publicKey,
      outside: [],
      from: 0,
      to: Infinity,
    })
  ).faults;
}

/** A log of which a crash left the files, and no head in the store. */
const crashed = new LogFixture();
after(() => crashed[Symbol.dispose]());
const ids = numbered(30);
await writeAll(await crashed.open({ segmentBytes: 1500 }), ids);
const kept = join(crashed.home, "kept");
cpSync(crashed.directory, kept, { recursive: true });

test("Wherever a crash tears the last segment, what is whole before it stays, the rest is kept aside, and the log goes on and verifies", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom("cut", "zeros", "garbage"), async (where, how) => {
      using fixture = new LogFixture();
      mkdirSync(fixture.directory);
      cpSync(kept, fixture.directory, { recursive: true });
      const path = join(fixture.directory, segmentNames(kept).at(-1) ?? "");
      const bytes = readFileSync(path);
      // A segment has its name when its header and its dictionary are on the disk.
      const header = bytes.indexOf("\n", 30) + 1;
      const blocks = header + bytes.readUInt32BE(header);
      const at = blocks + (where % (bytes.length - blocks + 1));
      truncateSync(path, at);
      const rest = how === "cut" ? Buffer.alloc(0) : Buffer.alloc(bytes.length - at, how === "zeros" ? 0 : 0xa5);
      writeFileSync(path, Buffer.concat([bytes.subarray(0, at), rest]));
      const torn = readFileSync(path);
      const opened = { ...crashed.keys };
      await fixture.with(
        async (log) => {
          await log.write(auditEvent("next"));
          const found = (await idsOf(log)).filter((id) => id.startsWith("event-"));
          assert.deepEqual(found, ids.slice(0, found.length));
          assert.ok(found.length >= Number(segmentNames(kept).at(-1)?.slice(0, 16)));
        },
        { keys: opened },
      );
      const aside = readdirSync(fixture.directory).find((name) => name.includes(".torn-"));
      assert.equal(aside === undefined, fixture.reports.length === 0);
      if (aside !== undefined) assert.ok(readFileSync(join(fixture.directory, aside)).equals(torn));
      const { keys } = crashed;
      assert.deepEqual(
        await faultsIn(Object.assign(Object.create(fixture), { keys, directory: fixture.directory })),
        [],
      );
    }),
    { numRuns: 60 },
  );
});

type Step =
  | { readonly do: "write"; readonly count: number }
  | { readonly do: "fault"; readonly fault: FaultyDisk["fault"] }
  | { readonly do: "close" | "crash" | "checkpoint" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("write" as const), count: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("fault" as const),
      fault: fc.constantFrom("none" as const, "append" as const, "sync" as const, "open" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("close" as const, "crash" as const, "checkpoint" as const) }),
  },
);

test("Whatever fails and crashes when, what was acknowledged is there once and in order, and the log verifies", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      using fixture = new LogFixture();
      const disk = new FaultyDisk();
      const options = { files: disk, segmentBytes: 3000 };
      const acknowledged: string[] = [];
      let log: AuditLogFile = await fixture.open(options);
      let next = 0;
      for (const action of steps) {
        if (action.do === "fault") disk.fault = action.fault;
        else if (action.do === "checkpoint") await log.checkpoint().catch(() => undefined);
        else if (action.do === "write") {
          const wanted = numbered(action.count, `event-${next++}`);
          const outcomes = await Promise.allSettled(wanted.map((id) => log.write(auditEvent(id))));
          acknowledged.push(...wanted.filter((_, index) => outcomes[index]?.status === "fulfilled"));
        } else {
          if (action.do === "close") await log.close();
          else disk.forget();
          disk.fault = "none";
          log = await fixture.open(options);
        }
      }
      disk.fault = "none";
      await log.write(auditEvent("last"));
      acknowledged.push("last");
      const found = await idsOf(log);
      assert.deepEqual(
        found.filter((id) => acknowledged.includes(id)),
        acknowledged,
      );
      await log.close();
      assert.deepEqual(await faultsIn(fixture), []);
    }),
    { numRuns: 100 },
  );
});

test("What is left of a segment that was being made is no segment, and the next start makes it anew", async () => {
  using fixture = new LogFixture();
  await fixture.with(async () => {});
  for (const name of segmentNames(fixture.directory)) rmSync(join(fixture.directory, name));
  fixture.head = undefined;
  writeFileSync(join(fixture.directory, "0000000000000000.segment.new"), "strongroom aud");
  await fixture.with((log) => writeAll(log, ["a"]));
  assert.deepEqual(await fixture.with((log) => idsOf(log)), ["a"]);
  assert.deepEqual(fixture.reports, []);
});

test("A store that was put back to an older state knows an older place of the log, from which it is followed to its end", async () => {
  using fixture = new LogFixture();
  await fixture.with((log) => writeAll(log, numbered(5)), { segmentBytes: 900 });
  const older = fixture.head;
  await fixture.with((log) => writeAll(log, numbered(30, "later")), { segmentBytes: 900 });
  assert.ok(segmentNames(fixture.directory).length > 3);
  fixture.head = older;
  await fixture.with(async (log) => assert.equal(log.end, 35));
  assert.deepEqual(fixture.reports, []);
});

test("A segment that is missing behind the place that the store knows is told of, and no position is used twice", async () => {
  using fixture = new LogFixture();
  await fixture.with((log) => writeAll(log, numbered(5)), { segmentBytes: 900 });
  const older = fixture.head;
  await fixture.with((log) => writeAll(log, numbered(30, "later")), { segmentBytes: 900 });
  fixture.head = older;
  rmSync(join(fixture.directory, segmentNames(fixture.directory).at(-2) ?? ""));
  await fixture.with(async (log) => {
    assert.match(fixture.reports[0]?.message ?? "", /changed from outside/);
    await log.write(auditEvent("next"));
    assert.ok(log.end > positionsLeftOut);
    assert.equal((await idsOf(log)).at(-1), "next");
  });
  const faults = await faultsIn(fixture);
  assert.ok(faults.some(({ what }) => what.startsWith("they are not there")));
});

test("What has the name of a segment and is none keeps nobody from the log", { timeout: 20_000 }, async () => {
  using fixture = new LogFixture();
  const options = { segmentBytes: 700 };
  await fixture.with((log) => writeAll(log, numbered(20)), options);
  mkdirSync(join(fixture.directory, "0000000000000500.segment"));
  execFileSync("mkfifo", [join(fixture.directory, "0000000000000600.segment")]);
  writeFileSync(join(fixture.directory, "9999999999999999.segment"), "x");
  await fixture.with(async (log) => {
    await log.write(auditEvent("next"));
    assert.deepEqual(await idsOf(log), [...numbered(20), "next"]);
    assert.deepEqual((await log.verify()).faults, []);
  }, options);
  assert.deepEqual(fixture.reports, []);
});
