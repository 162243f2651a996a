import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../store/conformance/manual-clock.ts";
import { ApiError } from "../api-error.ts";
import type { JsonObject } from "../codec/json.ts";
import { CutVersions } from "./cut-versions.ts";
import type { SystemClient } from "./system-client.ts";

/** Keeps Events by name, as the API does. */
class Events {
  readonly byName = new Map<string, JsonObject>();
  readonly messages: string[] = [];

  readonly client = {
    change: async (_kind: unknown, { name }: { name: string }, next: (previous: unknown) => JsonObject) => {
      const tree = this.byName.get(name);
      if (tree === undefined) throw new ApiError(404, "NotFound", "");
      this.#keep(name, next({ tree: () => structuredClone(tree) }));
    },
    create: async (_kind: unknown, _namespace: string, tree: JsonObject) => {
      this.#keep(String((tree["metadata"] as JsonObject)["name"]), tree);
    },
  } as unknown as SystemClient; // the part of it that is used

  #keep(name: string, tree: JsonObject): void {
    this.byName.set(name, tree);
    this.messages.push(String(tree["message"]));
  }
}

const secret = { namespace: "default", name: "db", uid: "u" };
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("What is noted before there is a client is told then; what comes within a minute is told together after it", async () => {
  const clock = new ManualClock();
  const events = new Events();
  using cut = new CutVersions(clock);
  cut.note(secret, 1);
  cut.note(secret, 2);
  cut.tell(events.client, () => new Date(clock.now()), assert.ifError);
  await turn();
  for (let i = 0; i < 5; i++) cut.note(secret, 2);
  await turn();
  assert.equal(events.messages.length, 1);
  assert.match(events.messages[0] ?? "", /^The 3 oldest versions were removed/);
  clock.advance(60_000);
  await turn();
  assert.match(events.messages[1] ?? "", /^The 10 oldest versions were removed/);
  assert.equal(events.byName.size, 1);
  assert.equal(Array.from(events.byName.values())[0]?.["count"], 2);
  clock.advance(60_000);
  await turn();
  assert.equal(events.messages.length, 2);
});

test("Names of Events are valid for the longest name of a secret, and differ by secret", async () => {
  const events = new Events();
  using cut = new CutVersions(new ManualClock());
  cut.tell(events.client, () => new Date(0), assert.ifError);
  const long = `${"a".repeat(229)}.${"b".repeat(23)}`;
  for (const [name, uid] of [
    [long, "1"],
    [long, "2"],
    ["a", "3"],
  ] as const) {
    cut.note({ namespace: uid, name, uid }, 1);
  }
  await turn();
  assert.equal(events.byName.size, 3);
  for (const name of events.byName.keys()) assert.match(name, /^[a-z0-9]([-a-z0-9.]{0,251})[a-z0-9]$/);
});
