import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerBench, tree } from "../../../test/support/controller-bench.ts";
import { systemClock } from "../../store/clock.ts";
import { podKind } from "./kinds/pod.ts";
import { secretKind } from "./kinds/secret.ts";
import { objectFeed } from "./object-feed.ts";
import type { FedObject } from "./object-feed.ts";
import type { KindStorage } from "./storage/kind-storage.ts";

const writer = { author: "test", door: "kubernetes" } as const;
const value = "aHVudGVyMg==";
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

async function open() {
  const { storage } = await controllerBench();
  const told: FedObject[] = [];
  const errors: unknown[] = [];
  const feed = objectFeed({ storage, timers: systemClock, onError: (error) => void errors.push(error) });
  const follow = (...kinds: string[]) =>
    feed.follow(
      (_, kind) => kinds.includes(kind),
      (object) => void told.push(object),
    );
  return { storage, told, errors, follow };
}

const textOf = ({ json }: FedObject) => (json === undefined ? undefined : new TextDecoder().decode(json));
const places = (told: readonly FedObject[]) =>
  told.map(({ kind, namespace, name, json }) => `${json === undefined ? "-" : "+"}${kind} ${namespace}/${name}`);

function createSecret(storage: KindStorage, name: string) {
  const annotations = {
    [lastApplied]: `{"data":{"password":"${value}"}}`,
    "kubernetes.io/service-account.name": "app",
  };
  const metadata = { namespace: "default", name, uid: name, creationTimestamp: "2026-01-02T03:04:05Z", annotations };
  return storage.create(tree({ metadata, data: { password: value }, type: "Opaque" }), writer);
}

test("Objects of the kinds that are looked at are told, then every change, and that an object is gone", async () => {
  const { storage, told, errors, follow } = await open();
  const first = await createSecret(storage(secretKind), "one");
  await using followed = await follow("Secret");
  assert.deepEqual(places(told), ["+Secret default/one"]);
  await createSecret(storage(secretKind), "two");
  await followed.caughtUp();
  await storage(secretKind).delete(first, writer);
  await followed.caughtUp();
  assert.deepEqual(places(told), ["+Secret default/one", "+Secret default/two", "-Secret default/one"]);
  assert.deepEqual(errors, []);
});

test("Of a Secret neither values nor what repeats them are told, and what says whose token it is", async () => {
  const { storage, told, follow } = await open();
  await createSecret(storage(secretKind), "one");
  await using _followed = await follow("Secret");
  const [text = ""] = told.map(textOf);
  assert.doesNotMatch(text, /aHVudGVyMg|hunter2|password|last-applied/);
  const object = JSON.parse(text) as { type: string; metadata: { annotations: object } };
  assert.deepEqual(
    [object.type, object.metadata.annotations],
    ["Opaque", { "kubernetes.io/service-account.name": "app" }],
  );
});

test("Other kinds are told as they are stored; what was written before is told when it has caught up", async () => {
  const { storage, told, follow } = await open();
  await using followed = await follow("Pod", "Namespace");
  const before = told.length;
  for (let n = 0; n < 20; n++) {
    const metadata = { namespace: "default", name: `p-${n}`, uid: `p-${n}`, creationTimestamp: "2026-01-02T03:04:05Z" };
    await storage(podKind).create(tree({ metadata, spec: { serviceAccountName: "app" } }), writer);
    await followed.caughtUp();
    assert.equal(told.length, before + n + 1);
  }
  assert.match(textOf(told.at(-1)!) ?? "", /"serviceAccountName":"app"/);
});

test("After it was ended nothing is told any more", async () => {
  const { storage, told, follow } = await open();
  const followed = await follow("Secret");
  await followed[Symbol.asyncDispose]();
  await createSecret(storage(secretKind), "late");
  assert.deepEqual(places(told), []);
});
