import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerBench, tree } from "../../../../../test/support/controller-bench.ts";
import { systemClock } from "../../../../store/clock.ts";
import { secretKind } from "../../kinds/secret.ts";
import { secretLinkKind } from "../../kinds/secret-link.ts";
import { linkingStorage } from "./linked-secret.ts";
import { keepLinks } from "./secret-links.ts";

const writer = { author: "test", door: "test" };

function secretTree(name: string, linkedFrom?: string) {
  const annotations = linkedFrom === undefined ? {} : { "strongroom.dev/linked-from": linkedFrom };
  const metadata = { name, namespace: "default", uid: `uid-${name}`, annotations };
  return tree({ metadata, type: "Opaque", data: { a: "djE=" } });
}

test("A start removes what a link made that is gone since, and leaves everything else", async () => {
  const { storage, client } = await controllerBench();
  const secrets = storage(secretKind);
  await linkingStorage(secrets).create(secretTree("orphan", "default/source"), writer);
  await secrets.create(secretTree("source"), writer);
  // Whoever writes the annotation by themselves has made nothing linked of it.
  await secrets.create(secretTree("claims", "default/source"), writer);
  const failures: unknown[] = [];
  const stop = new AbortController();
  const watcher = secrets.watch("", undefined);
  const running = keepLinks(
    {
      links: storage(secretLinkKind),
      secrets,
      client: client("controller"),
      clientOf: () => client("link"),
      timers: systemClock,
      onError: (error) => failures.push(error),
    },
    stop.signal,
  );
  const batch = await watcher.next();
  assert.deepEqual(
    batch?.events.map(({ type }) => type),
    ["delete"],
  );
  stop.abort();
  await running;
  watcher.close();
  const left = (await secrets.list({ namespace: "default", limit: 10 })).objects.map(({ name }) => name);
  assert.deepEqual(left, ["claims", "source"]);
  assert.deepEqual(failures, []);
});

test("What somebody made their own when the link was gone is not deleted with it", async () => {
  const { storage, client } = await controllerBench();
  const secrets = storage(secretKind);
  await linkingStorage(secrets).create(secretTree("taken", "default/source"), writer);
  const settled = Promise.withResolvers<void>();
  const stop = new AbortController();
  const byLink = client("link");
  const remove: typeof byLink.delete = async (kind, place, options) => {
    const there = await secrets.get("default", "taken");
    // Between the look of the controller and what it does.
    if (there?.linkedFrom !== undefined)
      await secrets.replace(there, { ...there.tree(), data: { a: "bWluZQ==" } }, writer);
    try {
      return await byLink.delete(kind, place, options);
    } finally {
      settled.resolve();
    }
  };
  const failures: unknown[] = [];
  const running = keepLinks(
    {
      links: storage(secretLinkKind),
      secrets,
      client: client("controller"),
      clientOf: () => Object.assign(Object.create(byLink) as typeof byLink, { delete: remove }),
      timers: systemClock,
      onError: (error) => failures.push(error),
    },
    stop.signal,
  );
  await settled.promise;
  stop.abort();
  await running;
  assert.equal((await secrets.get("default", "taken"))?.tree()["type"], "Opaque");
  assert.deepEqual(failures, []);
});
