import assert from "node:assert/strict";
import { test } from "node:test";
import { auditEvent, entriesOf, LogFixture } from "../../../test/support/audit-log-fixture.ts";
import { outcomeAnnotation, resolveIntents } from "./resolve-intents.ts";
import type { ObjectReference, ObjectState } from "./resolve-intents.ts";

const secret: ObjectReference = { apiVersion: "v1", resource: "secrets", namespace: "default", name: "db" };
const before = { ...secret, uid: "u", resourceVersion: "5" };

/** What the intent knows of the object, what the store holds, and what became of the change. */
const cases: readonly (readonly [string, ObjectReference | undefined, ObjectState | "unknown" | undefined, string])[] =
  [
    ["created", { ...secret, uid: "u" }, { uid: "u", resourceVersion: "7" }, "committed"],
    ["not created", { ...secret, uid: "u" }, undefined, "not-committed"],
    [
      "not created, since another has the name",
      { ...secret, uid: "u" },
      { uid: "v", resourceVersion: "7" },
      "not-committed",
    ],
    ["created under an unknown uid", secret, { uid: "u", resourceVersion: "7" }, "unknown"],
    ["changed", before, { uid: "u", resourceVersion: "7" }, "committed"],
    ["not changed", before, { uid: "u", resourceVersion: "5" }, "not-committed"],
    ["changed by a request that is on record", before, { uid: "u", resourceVersion: "9" }, "unknown"],
    ["deleted", before, undefined, "committed"],
    ["deleted, and made anew by another", before, { uid: "v", resourceVersion: "7" }, "unknown"],
    ["of a kind that nobody knows", before, "unknown", "unknown"],
    ["of no object", undefined, undefined, "unknown"],
  ];

for (const [what, objectRef, state, expected] of cases) {
  test(`A change that was cut off by a crash, ${what}, is put on record as ${expected}`, async () => {
    using fixture = new LogFixture();
    const crashed = await fixture.open();
    const intent = auditEvent("cut-off", {
      intentID: "1",
      stage: "RequestReceived",
      verb: "patch",
      ...(objectRef !== undefined && { objectRef }),
    });
    await crashed.write(intent, { kind: "write" });
    await crashed.write(auditEvent("other", { objectRef: { ...before, resourceVersion: "9" } }));
    await fixture.with(async (log) => {
      assert.equal(
        await resolveIntents(
          log,
          async () => state,
          () => fixture.time,
        ),
        1,
      );
      const outcome = (await entriesOf(log)).at(-1)?.event;
      assert.equal(outcome?.annotations?.[outcomeAnnotation], expected);
      assert.deepEqual(
        [outcome?.auditID, outcome?.intentID, outcome?.stage, outcome?.responseStatus],
        ["cut-off", "1", "ResponseComplete", undefined],
      );
    });
    await fixture.with(async (log) => {
      assert.equal(
        await resolveIntents(
          log,
          async () => state,
          () => fixture.time,
        ),
        0,
      );
    });
  });
}
