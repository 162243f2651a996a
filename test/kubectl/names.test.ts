/**
 * Which forms of kubectl work for somebody who may read names and metadata of secrets and not one value: the table in
 * docs/compatibility.md; every kubectl this machine has.
 */
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { grant, userKubeconfig } from "../support/user-client.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

/** Those that print names, and what of them. */
const work: readonly (readonly [string, RegExp])[] = [
  ["get secrets", /^NAME +TYPE +DATA +AGE\ndb +Opaque +1 /],
  ["get secret db", /^NAME +TYPE +DATA +AGE\ndb +Opaque +1 /],
  ["get secrets -o wide", /^NAME +TYPE +DATA +AGE\ndb /],
  ["get secrets --no-headers", /^db +Opaque +1 /],
  ["get secrets --show-labels", /LABELS\ndb .* app=web/],
  ["get secrets -L app", /APP\ndb .* web/],
  ["get secrets --show-kind", /\nsecret\/db /],
  ["get secrets -l app=web", /\ndb /],
  ["get secrets --field-selector type=Opaque", /\ndb /],
  ["get secrets --chunk-size=1", /\ndb /],
  ["auth can-i list secrets --subresource=metadata", /^yes/],
];

/** Those that ask for whole objects. */
const areRefused = [
  "get secrets -o json",
  "get secrets -o yaml",
  "get secrets -o name",
  "get secrets -o jsonpath={.items[*].metadata.name}",
  "get secrets -o custom-columns=N:.metadata.name",
  "get secrets --sort-by=.metadata.name",
  "get secrets --server-print=false",
  "get secret db -o jsonpath={.data}",
  "describe secret db",
  "describe secrets",
  "edit secret db",
  "label secret db a=b",
] as const;

function commands(binary: KubectlBinary): void {
  const started = new AsyncDisposableStack();
  let namer: Kubectl;
  before(async () => {
    const server = started.use(await startTestServer());
    const labelled = { metadata: { name: "db", labels: { app: "web" } }, data: { a: "Y2FuYXJ5" } };
    await create(server, secretsPath, secret("db", labelled));
    await grant(server, "namer", ["get,list,watch", "secrets/metadata"]);
    const kubeconfig = started.use(await userKubeconfig(server, "namer"));
    namer = started.use(await Kubectl.for(binary, { kubeconfig: kubeconfig.path }));
  });
  after(() => started.disposeAsync());

  for (const [command, prints] of work) {
    test(`${command} shows names`, async () => {
      assert.match(await namer.ok(command.split(" ")), prints);
    });
  }

  test("get secrets --watch shows what is there", async () => {
    const watch = namer.start(["get", "secrets", "--watch"]);
    assert.ok(watch.stdout !== null);
    const lines = createInterface({ input: watch.stdout })[Symbol.asyncIterator]();
    await lines.next();
    assert.match((await lines.next()).value ?? "", /^db +Opaque +1/);
    watch.kill();
  });

  for (const command of areRefused) {
    test(`${command} is refused`, async () => {
      const { code, stdout, stderr } = await namer.run(command.split(" "));
      assert.notEqual(code, 0);
      assert.match(stderr, /Forbidden|forbidden/);
      assert.ok(!/Y2FuYXJ5|canary/.test(stdout + stderr));
    });
  }
}

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => commands(binary));
