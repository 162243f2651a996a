import assert from "node:assert/strict";
import { test } from "node:test";
import { groupAuthorizer } from "../access/group-authorizer.ts";
import type { AuditEvent, AuditSink, WriteOptions } from "../audit/audit-event.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { admissionChain } from "./admission.ts";
import { Gate } from "./gate.ts";
import type { GateContext, GateRequest } from "./gate.ts";

class HeldSink implements AuditSink {
  readonly events: AuditEvent[] = [];
  readonly kinds: (string | undefined)[] = [];
  /** While there is one, writes wait for it. */
  hold: Promise<void> | undefined;
  full = false;

  async write(event: AuditEvent, options?: WriteOptions): Promise<void> {
    this.kinds.push(options?.kind);
    if (this.full && options?.kind === "write") throw new StrongroomError("unavailable", "disk full");
    await this.hold;
    this.events.push(event);
  }

  async close(): Promise<void> {}
}

const request: GateRequest = {
  auditId: "a",
  door: "test",
  verb: "delete",
  uri: "/x",
  sourceIPs: [],
  userAgent: "",
  receivedAt: new Date(0),
  resource: { apiGroup: "", apiVersion: "v1", resource: "secrets", subresource: "", namespace: "default", name: "" },
  path: undefined,
  authenticate: async () => ({ name: "ann", uid: undefined, groups: ["admins"], extra: new Map() }),
  describeError: (error) => ({ code: error instanceof StrongroomError && error.code === "conflict" ? 409 : 503 }),
};

function run(sink: AuditSink, action: (context: GateContext) => Promise<unknown>) {
  let ids = 0;
  const gate = new Gate({
    audit: sink,
    authorizer: groupAuthorizer(["admins"]),
    admission: admissionChain([]),
    now: () => new Date(0),
    uuid: () => `i${++ids}`,
  });
  return gate.run(request, async (context) => ({ answer: await action(context), code: 200 }));
}

const before = (name: string) => ({ name, uid: `uid-of-${name}`, resourceVersion: "7" });
const told = (events: readonly AuditEvent[]) =>
  events.map(({ stage, intentID, responseStatus, objectRef }) => [
    stage,
    intentID,
    responseStatus?.code,
    objectRef?.name,
  ]);

test("A change is made only when its intent is on record, with what it starts from; the request's record has its outcome", async () => {
  const sink = new HeldSink();
  await run(sink, async (context) => {
    const made = await context.change(before("db"), async () => {
      assert.deepEqual(told(sink.events), [["RequestReceived", "i1", undefined, "db"]]);
      assert.deepEqual(
        [sink.events[0]?.objectRef?.uid, sink.events[0]?.objectRef?.resourceVersion],
        ["uid-of-db", "7"],
      );
      return 5;
    });
    assert.equal(made, 5);
  });
  assert.deepEqual(sink.kinds, ["write", undefined]);
  assert.deepEqual(told(sink.events).at(-1), ["ResponseComplete", "i1", 200, undefined]);
});

test("An intent that is not durable keeps the change from being made", async () => {
  const sink = new HeldSink();
  let isMade = false;
  const make = (context: GateContext) => context.change(before("db"), async () => void (isMade = true));
  sink.full = true;
  await assert.rejects(run(sink, make), { code: "unavailable" });
  assert.equal(isMade, false);
  sink.full = false;
  let release: () => void = () => {};
  sink.hold = new Promise((resolve) => (release = resolve));
  const running = run(sink, make);
  await new Promise(setImmediate);
  assert.equal(isMade, false);
  release();
  await running;
  assert.equal(isMade, true);
});

test("Of several changes each has an intent and an outcome of its own, also when one of them is refused", async () => {
  const sink = new HeldSink();
  const lost = new StrongroomError("conflict", "another was first");
  await run(sink, async (context) => {
    await context.change(before("a"), async () => {});
    await assert.rejects(
      context.change(before("b"), () => Promise.reject(lost)),
      lost,
    );
    await context.change(before("b"), async () => {});
  });
  assert.deepEqual(told(sink.events), [
    ["RequestReceived", "i1", undefined, "a"],
    ["Changed", "i1", 200, "a"],
    ["RequestReceived", "i2", undefined, "b"],
    ["Changed", "i2", 409, "b"],
    ["RequestReceived", "i3", undefined, "b"],
    ["ResponseComplete", "i3", 200, undefined],
  ]);
});

test("A change of which nobody knows whether it was made has no outcome: the next start finds it in the store", async () => {
  const sink = new HeldSink();
  const failed = new StrongroomError("unavailable", "the disk went away");
  await assert.rejects(
    run(sink, (context) => context.change(before("a"), () => Promise.reject(failed))),
    failed,
  );
  assert.deepEqual(told(sink.events), [
    ["RequestReceived", "i1", undefined, "a"],
    ["ResponseComplete", undefined, 503, undefined],
  ]);
});
