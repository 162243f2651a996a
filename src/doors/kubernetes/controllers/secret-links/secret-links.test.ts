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
