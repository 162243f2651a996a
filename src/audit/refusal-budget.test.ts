import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { AuditEvent } from "./audit-event.ts";
import { MemorySink } from "./memory-sink.ts";
import { refusalsIntervalMs, withRefusalBudget } from "./refusal-budget.ts";

function refused(address: string, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    auditID: "id",
    stage: "ResponseComplete",
    door: "kubernetes",
    verb: "list",
    requestURI: "/api/v1/namespaces/default/secrets",
    objectRef: { resource: "secrets", namespace: "default", apiVersion: "v1" },
    user: { username: "system:anonymous", groups: ["system:unauthenticated"] },
    sourceIPs: [address],
    userAgent: "scanner",
    responseStatus: { code: 401 },
    requestReceivedTimestamp: "2026-01-02T03:04:05.000000Z",
    stageTimestamp: "2026-01-02T03:04:05.000000Z",
    ...more,
  };
}

function budgetOn(context: TestContext) {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-01-02T03:04:05Z") });
  const inner = new MemorySink();
  const errors: unknown[] = [];
  const sink = withRefusalBudget(inner, {
    now: () => new Date(),
    uuid: () => "common",
    networkOf: (address) => address.replace(/:.*/, ""),
    onError: (error) => errors.push(error),
  });
  /** Lets time pass, and what is due then end. */
  const pass = async (ms: number) => {
    context.mock.timers.tick(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const write = async (count: number, event: AuditEvent) => {
    for (let n = 0; n < count; n++) await sink.write(event);
  };
  const common = () => inner.events.filter(({ refusals }) => refusals !== undefined);
  const single = () => inner.events.length - common().length;
  return { inner, sink, errors, pass, write, common, single };
}

test("The first refusals of a network have a record each, the rest of a minute a common one with their number", async (context) => {
  const { write, common, single, pass } = budgetOn(context);
  await write(8, refused("a:1"));
  await write(1000, refused("a:2"));
  await write(5, refused("b"));
  assert.equal(single(), 15);
  assert.deepEqual(common(), []);
  await pass(refusalsIntervalMs);
  assert.deepEqual(common(), [
    {
      auditID: "common",
      stage: "ResponseComplete",
      door: "kubernetes",
      verb: "",
      requestURI: "",
      user: { username: "system:anonymous", groups: ["system:unauthenticated"] },
      sourceIPs: [],
      userAgent: "",
      requestReceivedTimestamp: "2026-01-02T03:04:05.000000Z",
      stageTimestamp: "2026-01-02T03:05:05.000000Z",
      refusals: {
        count: 998,
        networks: { a: 998 },
        otherNetworks: 0,
        asked: { "401 list secrets in default": 998 },
        otherAsked: 0,
      },
    },
  ]);
  await pass(10 * refusalsIntervalMs);
  assert.equal(common().length, 1, "nothing was counted since");
});

test("A network that stops for a while has records of its own again", async (context) => {
  const { write, common, single, pass } = budgetOn(context);
  await write(12, refused("a"));
  await pass(3 * 60_000);
  await write(5, refused("a"));
  assert.equal(single(), 13);
  await pass(refusalsIntervalMs);
  assert.deepEqual(
    common().map(({ refusals }) => refusals?.count),
    [2, 2],
  );
});

test("All networks together have a hundred records at once, and every refusal is in one record or another", async (context) => {
  const { inner, write, common, single, pass } = budgetOn(context);
  for (let network = 0; network < 10_000; network++) await write(1, refused(`n${network}`));
  assert.equal(single(), 100);
  await pass(refusalsIntervalMs);
  const [record] = common();
  assert.equal(record?.refusals?.count, 9900);
  assert.equal(Object.keys(record?.refusals?.networks ?? {}).length, 100);
  assert.equal(record?.refusals?.otherNetworks, 9800);
  assert.ok(JSON.stringify(record).length < 5 * 1024);
  for (let network = 0; network < 10_000; network++) await write(1, refused(`n${network}`));
  assert.equal(single(), 106, "one per ten seconds of the minute");
  assert.equal(inner.events.length, 107);
});

const bob = { username: "bob", groups: ["system:authenticated"] };

test("What disclosed or changed something, has another stage, or was allowed to somebody is recorded one by one", async (context) => {
  const { inner, write } = budgetOn(context);
  const disclosed = [{ namespace: "n", name: "a", uid: "u", resourceVersion: "1" }];
  const others = [
    refused("a", { responseStatus: { code: 200 }, user: bob }),
    refused("a", { responseStatus: { code: 404 }, user: bob }),
    refused("a", { responseStatus: { code: 200 }, disclosed }),
    refused("a", { responseStatus: { code: 403 }, disclosed }),
    refused("a", { responseStatus: { code: 403 }, user: bob, intentID: "i" }),
    refused("a", { responseStatus: { code: 403 }, user: bob, streamID: "s" }),
    refused("a", { stage: "RequestReceived" }),
    refused("a", { stage: "Disclosed", disclosed: [] }),
  ];
  for (const event of others) await write(2000, event);
  assert.equal(inner.events.length, 2000 * others.length);
});

test("A user who is refused in masses has a thousand records, then a common one a minute that says what was asked", async (context) => {
  const { write, common, single, pass } = budgetOn(context);
  const denied = (name: string, resource = "secrets") =>
    refused("a", {
      user: { ...bob, username: name },
      responseStatus: { code: 403 },
      objectRef: { resource, namespace: "prod", apiVersion: "v1" },
    });
  await write(1500, denied("bob"));
  await write(20, denied("bob", "pods"));
  await write(10, denied("ann"));
  assert.equal(single(), 1010, "ann has a budget of her own");
  await pass(refusalsIntervalMs);
  const [record, ...more] = common();
  assert.deepEqual(more, []);
  assert.deepEqual(record?.user, bob);
  assert.deepEqual(record?.refusals, {
    count: 520,
    networks: { a: 520 },
    otherNetworks: 0,
    asked: { "403 list secrets in prod": 500, "403 list pods in prod": 20 },
    otherAsked: 0,
  });
});

test("However many users are refused in masses, the records and the memory for them are bounded", async (context) => {
  const { write, common, single, pass } = budgetOn(context);
  const denied = (name: string) => refused("a", { user: { ...bob, username: name }, responseStatus: { code: 403 } });
  for (let user = 0; user < 6000; user++) await write(2, denied(`u${user}`));
  assert.equal(single(), 5000);
  await pass(refusalsIntervalMs);
  assert.equal(common().length, 101);
  const sum = common().reduce((total, { refusals }) => total + (refusals?.count ?? 0), 0);
  assert.equal(sum, 7000);
  assert.equal(common().at(-1)?.user.username, "");
});

test("Strangers who are answered without anything of a secret are held to a budget, too", async (context) => {
  const { write, single, common, pass } = budgetOn(context);
  await write(500, refused("a", { responseStatus: { code: 200 } }));
  assert.equal(single(), 100);
  await pass(refusalsIntervalMs);
  assert.equal(common()[0]?.refusals?.count, 400);
});

test("Refusals of an anonymous user by the authorizer are held to the budget, too", async (context) => {
  const { inner, write } = budgetOn(context);
  await write(50, refused("a", { responseStatus: { code: 403 } }));
  assert.equal(inner.events.length, 10);
});

test("While the sink fails, a refusal beyond the budget fails as well, so that nobody takes the sink for working", async (context) => {
  const { inner, sink, write } = budgetOn(context);
  await write(10, refused("a"));
  inner.failing = true;
  await sink.write(refused("a")); // counted: that the sink fails is not known yet
  await assert.rejects(sink.write(refused("a", { responseStatus: { code: 200 }, user: bob })), { code: "unavailable" });
  await assert.rejects(sink.write(refused("a")), { code: "unavailable" });
});

test("A common record that could not be written is told, and its refusals are in the next one", async (context) => {
  const { inner, write, common, errors, pass } = budgetOn(context);
  await write(15, refused("a"));
  inner.failing = true;
  await pass(refusalsIntervalMs);
  assert.equal(errors.length, 1);
  inner.failing = false;
  await pass(refusalsIntervalMs);
  assert.deepEqual(
    common().map(({ refusals }) => refusals?.count),
    [5],
  );
});

test("Closing records what was counted, and closes the sink", async (context) => {
  const { inner, sink, write, common } = budgetOn(context);
  let closed = 0;
  inner.close = async () => void closed++;
  await write(13, refused("a"));
  await sink.close();
  assert.equal(closed, 1);
  assert.equal(common()[0]?.refusals?.count, 3);
});
