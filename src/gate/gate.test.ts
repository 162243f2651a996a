import assert from "node:assert/strict";
import { test } from "node:test";
import { groupAuthorizer } from "../access/group-authorizer.ts";
import type { AuditEvent, AuditSink } from "../audit/audit-event.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { User } from "../identity/user.ts";
import { admissionChain } from "./admission.ts";
import { ForbiddenError, Gate } from "./gate.ts";
import type { GateRequest, StreamPiece } from "./gate.ts";

let ids = 0;
const uuid = (): string => `server-${++ids}`;

const admin: User = { name: "ann", uid: undefined, groups: ["admins"], extra: new Map() };
const nobody: User = { name: "bob", uid: undefined, groups: ["others"], extra: new Map() };
const disclosure = { namespace: "default", name: "db", uid: "u1", resourceVersion: "7", keys: ["password"] };

class RecordingSink implements AuditSink {
  readonly events: AuditEvent[] = [];
  failing = false;

  async write(event: AuditEvent): Promise<void> {
    if (this.failing) throw new StrongroomError("unavailable", "disk full");
    this.events.push(event);
  }

  async close(): Promise<void> {}

  stages(): string[] {
    return this.events.map((event) => `${event.stage} ${event.responseStatus?.code ?? "-"}`);
  }
}

function gateWith(sink: AuditSink, refuse?: Error) {
  const plugin = {
    admit: async () => {
      if (refuse !== undefined) throw refuse;
    },
  };
  const authorizer = groupAuthorizer(["admins"]);
  return new Gate({ audit: sink, authorizer, admission: admissionChain([plugin]), now: () => new Date(0), uuid });
}

const idle = { end: () => {}, refusal: () => Buffer.from("refused") };

function request(user: User | Error, verb = "get"): GateRequest {
  return {
    auditId: "id-1",
    door: "test",
    verb,
    uri: "/x?a=b",
    sourceIPs: ["127.0.0.1"],
    userAgent: "agent",
    receivedAt: new Date(0),
    resource: {
      apiGroup: "",
      apiVersion: "v1",
      resource: "secrets",
      subresource: "",
      namespace: "default",
      name: "db",
    },
    path: undefined,
    authenticate: async () => {
      if (user instanceof Error) throw user;
      return user;
    },
    describeError: (error) => ({ code: error instanceof ForbiddenError ? 403 : 401, reason: "no" }),
  };
}

async function* pieces(...given: StreamPiece[]): AsyncGenerator<StreamPiece> {
  yield* given;
}

test("An answer is handed back only after its record, which names what is disclosed", async () => {
  const sink = new RecordingSink();
  const answer = await gateWith(sink).run(request(admin), async () => {
    assert.deepEqual(sink.events, []);
    return { answer: "value", code: 200, disclosed: [disclosure] };
  });
  assert.equal(answer, "value");
  assert.deepEqual(sink.stages(), ["ResponseComplete 200"]);
  assert.deepEqual(sink.events[0]?.disclosed, [disclosure]);
  assert.equal(sink.events[0]?.user.username, "ann");
  assert.equal(sink.events[0]?.annotations?.["authorization.k8s.io/decision"], "allow");
});

test("What is noted of a request does not stand for what was decided of it", async () => {
  const sink = new RecordingSink();
  await gateWith(sink).run(request(admin), async ({ annotate }) => {
    annotate("authorization.k8s.io/decision", "forbid");
    annotate("policy/key", "text");
    return { answer: "value", code: 200 };
  });
  assert.equal(sink.events[0]?.annotations?.["authorization.k8s.io/decision"], "allow");
  assert.equal(sink.events[0]?.annotations["policy/key"], "text");
});

test("A failed authentication is on record as anonymous, and nothing is done", async () => {
  const sink = new RecordingSink();
  const action = async () => assert.fail("must not run");
  await assert.rejects(gateWith(sink).run(request(new StrongroomError("unauthenticated", "no")), action));
  assert.deepEqual(sink.stages(), ["ResponseComplete 401"]);
  assert.equal(sink.events[0]?.user.username, "system:anonymous");
});

test("Whoever no authorizer allows is refused before anything is done, on record by name", async () => {
  const sink = new RecordingSink();
  const action = async () => assert.fail("must not run");
  await assert.rejects(gateWith(sink).run(request(nobody), action), ForbiddenError);
  assert.deepEqual(sink.stages(), ["ResponseComplete 403"]);
  assert.equal(sink.events[0]?.user.username, "bob");
});

test("An authorizer that fails refuses", async () => {
  const sink = new RecordingSink();
  const authorizer = { authorize: async () => Promise.reject(new Error("broken")) };
  const gate = new Gate({ audit: sink, authorizer, admission: admissionChain([]), now: () => new Date(0), uuid });
  await assert.rejects(gate.run(request(admin), async () => assert.fail("must not run")));
  assert.equal(sink.events.length, 1);
});

test("Admission's refusal reaches the caller of admit", async () => {
  const refusal = new Error("not in this namespace");
  const gate = gateWith(new RecordingSink(), refusal);
  const operation = {
    operation: "create" as const,
    apiGroup: "",
    resource: "secrets",
    subresource: "",
    namespace: "default",
    name: "db",
    dryRun: false,
    next: {},
    previous: undefined,
  };
  await assert.rejects(
    gate.run(request(admin), async (context) => {
      await context.admit(operation);
      return { answer: undefined, code: 201 };
    }),
    refusal,
  );
});

test("An answer whose record cannot be written is withheld, and then nothing more is done until records work again", async () => {
  const sink = new RecordingSink();
  const gate = gateWith(sink);
  let done = 0;
  const action = async () => ({ answer: (done += 1), code: 200 });
  sink.failing = true;
  await assert.rejects(gate.run(request(admin), action), { code: "unavailable" });
  assert.equal(done, 1);
  await assert.rejects(gate.run(request(admin), action), { code: "unavailable" });
  assert.equal(done, 1);
  sink.failing = false;
  await gate.run(request(admin), action);
  assert.equal(done, 2);
  assert.deepEqual(sink.stages(), ["RequestReceived -", "ResponseComplete 200"]);
});

test("A piece of a stream comes out only after the record of its secrets, and the end is on record", async () => {
  const sink = new RecordingSink();
  const stream = await gateWith(sink).run(request(admin, "list"), async (context) => ({
    answer: context.audited(pieces({ bytes: Buffer.from("a"), disclosed: [disclosure] })),
    code: 200,
  }));
  assert.deepEqual(sink.stages(), ["ResponseStarted 200"]);
  const first = await stream.next();
  assert.equal(first.value?.toString(), "a");
  assert.deepEqual(sink.events[1]?.disclosed, [disclosure]);
  await stream.next();
  assert.deepEqual(sink.stages(), ["ResponseStarted 200", "Disclosed -", "ResponseComplete 200"]);
});

test("A stream that its reader leaves is on record as ended", async () => {
  const sink = new RecordingSink();
  const piece = { bytes: Buffer.from("a"), disclosed: [disclosure] };
  const stream = await gateWith(sink).run(request(admin, "list"), async (context) => ({
    answer: context.audited(pieces(piece, piece)),
    code: 200,
  }));
  await stream.next();
  await stream.return(undefined);
  assert.equal(sink.events.at(-1)?.stage, "ResponseComplete");
});

test("Watches that receive the same change share one record with the ids of all of them, which no client chose", async () => {
  const sink = new RecordingSink();
  const gate = gateWith(sink);
  const streams = [];
  for (let index = 0; index < 3; index++) {
    const piece = { bytes: Buffer.from("a"), disclosed: [disclosure], live: true };
    const stream = gate.run({ ...request(admin, "watch"), auditId: "chosen" }, async (context) => ({
      answer: context.audited(pieces(piece), { live: idle }),
      code: 200,
    }));
    streams.push(await stream);
  }
  const ids = sink.events.map(({ streamID }) => streamID);
  assert.equal(new Set(ids).size, 3);
  sink.events.length = 0;
  await Promise.all(streams.map((stream) => stream.next()));
  assert.equal(sink.events.length, 1);
  assert.deepEqual(sink.events[0]?.streams, ids);
  assert.ok(!ids.includes(sink.events[0]?.auditID));
  assert.deepEqual(sink.events[0]?.disclosed, [disclosure]);
});

test("A live piece whose record fails does not come out", async () => {
  const sink = new RecordingSink();
  const piece = { bytes: Buffer.from("a"), disclosed: [disclosure], live: true };
  const stream = await gateWith(sink).run(request(admin, "watch"), async (context) => ({
    answer: context.audited(pieces(piece), { live: idle }),
    code: 200,
  }));
  sink.failing = true;
  await assert.rejects(stream.next(), { code: "unavailable" });
});

test("An action may ask for another verb on the same resource, and is refused what the authorizer does not allow", async () => {
  const authorizer = {
    authorize: async ({ verb }: { readonly verb: string }) =>
      verb === "patch" ? ({ type: "allow", reason: "" } as const) : ({ type: "no-opinion", reason: "" } as const),
  };
  const sink = new RecordingSink();
  const gate = new Gate({
    audit: sink,
    authorizer,
    admission: admissionChain([]),
    now: () => new Date(0),
    uuid,
  });
  const asked = gate.run(request(nobody, "patch"), async (context) => {
    await context.authorize("patch");
    await context.authorize("create");
    return { answer: "never", code: 201 };
  });
  await assert.rejects(asked, (error) => error instanceof ForbiddenError && error.attributes.verb === "create");
  assert.deepEqual(sink.stages(), ["ResponseComplete 403"]);
});

test("While a record is on its way, not a byte leaves", async () => {
  const sink = new RecordingSink();
  const gate = gateWith(sink);
  const piece = { bytes: Buffer.from("a"), disclosed: [disclosure] };
  const streamed = async (live: boolean) =>
    gate.run(request(admin, live ? "watch" : "list"), async (context) => ({
      answer: context.audited(pieces({ ...piece, live }), live ? { live: idle } : {}),
      code: 200,
    }));
  const streams = [await streamed(false), await streamed(true)];
  sink.write = () => new Promise(() => {});
  const left: unknown[] = [];
  for (const stream of streams) void stream.next().then((next) => left.push(next.value));
  void gate
    .run(request(admin), async () => ({ answer: "value", code: 200, disclosed: [disclosure] }))
    .then((answer) => left.push(answer));
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  assert.deepEqual(left, []);
});

test("An answer that ends before its end is on record as cut", async () => {
  const sink = new RecordingSink();
  const piece = { bytes: Buffer.from("a"), disclosed: [disclosure] };
  const list = () =>
    gateWith(sink).run(request(admin, "list"), async (context) => ({
      answer: context.audited(pieces(piece, piece)),
      code: 200,
    }));
  const left = await list();
  await left.next();
  await left.return(undefined);
  assert.equal(sink.events.at(-1)?.cut, true);
  const whole = await list();
  for (let step = await whole.next(); !step.done; step = await whole.next());
  assert.equal(sink.events.at(-1)?.cut, undefined);
});

test("Whom a caller asked to be without the right to is on record, and not as who acted", async () => {
  const sink = new RecordingSink();
  const needs = [{ apiGroup: "", apiVersion: "v1", resource: "users", subresource: "", namespace: "", name: "admin" }];
  const asking = { ...request(nobody), impersonate: () => ({ user: { ...admin, name: "the-boss" }, needs }) };
  await assert.rejects(
    gateWith(sink).run(asking, async () => assert.fail("must not run")),
    ForbiddenError,
  );
  assert.equal(sink.events[0]?.annotations?.["audit.strongroom.dev/asked-to-be"], "the-boss");
  assert.equal(sink.events[0]?.impersonatedUser, undefined);
});

test("What a node reads, once or in a watch, is on record with the pods for which it does", async () => {
  const sink = new RecordingSink();
  const onBehalfOf = { pods: [{ namespace: "default", name: "web", uid: "p1", node: "n1" }] };
  const asked: unknown[] = [];
  const gate = new Gate({
    audit: sink,
    authorizer: groupAuthorizer(["admins"]),
    admission: admissionChain([]),
    podsBehind: (users, secrets) => {
      asked.push([users.map(({ name }) => name), secrets.map(({ name }) => name)]);
      return onBehalfOf;
    },
    now: () => new Date(0),
    uuid,
  });
  await gate.run(request(admin), async () => ({ answer: "", code: 200, disclosed: [disclosure] }));
  const piece = { bytes: Buffer.from("a"), disclosed: [disclosure], live: true };
  const watch = await gate.run(request(admin, "watch"), async (context) => ({
    answer: context.audited(pieces(piece), { live: idle }),
    code: 200,
  }));
  await watch.next();
  assert.deepEqual(
    sink.events.filter(({ disclosed }) => disclosed !== undefined).map((event) => event.onBehalfOf),
    [onBehalfOf, onBehalfOf],
  );
  assert.deepEqual(asked, [
    [["ann"], ["db"]],
    [["ann"], ["db"]],
  ]);
});
