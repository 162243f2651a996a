/** When the graph of a store starts, ends and starts again, and what it answers from. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { LiveSight } from "./live-sight.ts";
import type { FollowedObjects, ObjectFeed, ObjectState } from "./object-feed.ts";
import type { SightAnswer, SightQuestion } from "./sight-question.ts";

const rbac = "rbac.authorization.k8s.io/v1";

function state(apiVersion: string, kind: string, place: string, json: object | undefined): ObjectState {
  const [namespace = "", name = ""] = place.split("/");
  const bytes = json && new TextEncoder().encode(JSON.stringify({ metadata: { namespace, name }, ...json }));
  return { apiVersion, kind, namespace, name, json: bytes };
}

const role = state(rbac, "Role", "a/r", { rules: [{ verbs: ["get"], apiGroups: [""], resources: ["secrets"] }] });
const roleRef = { kind: "Role", name: "r" };
const binding = (user: string) =>
  state(rbac, "RoleBinding", "a/b", { roleRef, subjects: [{ kind: "User", name: user }] });

/** A store of objects in memory; counts how often it was followed, and whether it is now. */
class TestFeed implements ObjectFeed {
  readonly states: ObjectState[] = [role, binding("ann")];
  readonly version = "v1.34.0";
  follows = 0;
  followers = 0;
  failure: Error | undefined;
  #tell: (state: ObjectState) => void = () => {};

  async follow(isLookedAt: (apiVersion: string, kind: string) => boolean, tell: (state: ObjectState) => void) {
    if (this.failure !== undefined) throw this.failure;
    this.follows++;
    this.followers++;
    this.#tell = tell;
    for (const each of this.states) if (isLookedAt(each.apiVersion, each.kind)) tell(each);
    const followed: FollowedObjects = {
      caughtUp: async () => {},
      [Symbol.asyncDispose]: async () => void this.followers--,
    };
    return followed;
  }

  put(changed: ObjectState): void {
    this.states.push(changed);
    this.#tell(changed);
  }
}

/** Timers that end when they are told to. */
class TestTimers {
  readonly waiting = new Set<() => void>();

  now(): number {
    return 0;
  }

  after(_delayMs: number, action: () => void) {
    this.waiting.add(action);
    return { cancel: () => void this.waiting.delete(action) };
  }

  elapse(): void {
    const actions = [...this.waiting];
    this.waiting.clear();
    for (const action of actions) action();
  }
}

function open() {
  const [feed, timers, errors] = [new TestFeed(), new TestTimers(), [] as unknown[]];
  const sight = new LiveSight({ feed, timers, onError: (error) => void errors.push(error) });
  return { feed, timers, errors, sight };
}

const whoCan: SightQuestion = {
  type: "who-can",
  secret: { namespace: "a", name: "s" },
  onlyDirect: true,
  hopsMax: undefined,
  limit: 100,
};

function usersOf(answer: SightAnswer): string[] {
  assert.ok("readers" in answer);
  return answer.readers.flatMap(({ principal: { kind, name } }) => (kind === "User" ? [name] : []));
}

test("Nothing is followed before somebody asks, and one graph answers all", async () => {
  const { feed, sight } = open();
  await using closing = sight;
  assert.deepEqual([feed.follows, closing.isRunning], [0, false]);
  const answers = await Promise.all([sight.ask(whoCan), sight.ask(whoCan), sight.ask(whoCan)]);
  assert.deepEqual(answers.map(usersOf), [["ann"], ["ann"], ["ann"]]);
  assert.equal(feed.follows, 1);
  const origin = { id: "this server", version: "v1.34.0", server: "strongroom", level: "metadata" };
  assert.deepEqual(answers[0]?.coverage.origin, { ...origin, readAt: "1970-01-01T00:00:00.000Z" });
});

test("A change that was told before the question is in the answer", async () => {
  const { feed, sight } = open();
  await using _closing = sight;
  await sight.ask(whoCan);
  for (const user of ["joe", "eve", "ann"]) {
    feed.put(binding(user));
    assert.deepEqual(usersOf(await sight.ask(whoCan)), [user]);
  }
  feed.put(state(rbac, "RoleBinding", "a/b", undefined));
  assert.deepEqual(usersOf(await sight.ask(whoCan)), []);
});

test("When nobody has asked for a while, the graph and the following end; the next question starts them again", async () => {
  const { feed, timers, sight } = open();
  await using _closing = sight;
  await sight.ask(whoCan);
  assert.equal(timers.waiting.size, 1, "each question takes the place of the wait before");
  await sight.ask(whoCan);
  assert.equal(timers.waiting.size, 1);
  timers.elapse();
  assert.equal(sight.isRunning, false);
  feed.states.push(binding("joe"));
  assert.deepEqual(usersOf(await sight.ask(whoCan)), ["joe"]);
  assert.deepEqual([feed.follows, feed.followers], [2, 1]);
});

test("A question that names nothing raises invalid and ends nothing", async () => {
  const { feed, sight } = open();
  await using _closing = sight;
  await assert.rejects(sight.ask({ type: "what-can", subject: "ann", limit: 1 }), { code: "invalid" });
  assert.deepEqual(usersOf(await sight.ask(whoCan)), ["ann"]);
  assert.equal(feed.follows, 1);
});

test("When the store cannot be followed, the question fails as that did, and the next one tries again", async () => {
  const { feed, errors, sight } = open();
  await using _closing = sight;
  feed.failure = new StrongroomError("unavailable", "the store is closed");
  await assert.rejects(sight.ask(whoCan), { code: "unavailable" });
  feed.failure = undefined;
  assert.deepEqual(usersOf(await sight.ask(whoCan)), ["ann"]);
  assert.deepEqual(errors, []);
});

test("When the thread ends by itself, its questions fail, the following ends, and the next question starts anew", async () => {
  const { feed, errors, sight } = open();
  await using _closing = sight;
  await sight.ask(whoCan);
  feed.put({ ...role, json: new TextEncoder().encode("{") }); // what no store holds
  await assert.rejects(sight.ask(whoCan), { code: "unavailable" });
  assert.ok(errors[0] instanceof SyntaxError);
  feed.states.pop();
  assert.deepEqual(usersOf(await sight.ask(whoCan)), ["ann"]);
  assert.deepEqual([feed.follows, feed.followers], [2, 1]);
});

test("After it was closed it follows nothing, and raises unavailable", async () => {
  const { feed, sight } = open();
  await sight.ask(whoCan);
  await sight[Symbol.asyncDispose]();
  assert.equal(feed.followers, 0);
  await assert.rejects(sight.ask(whoCan), { code: "unavailable" });
});
