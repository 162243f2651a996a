/** What is on record with kubectl: listed, selected, shown whole, explained, asked who read it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => commands(binary));

const review = `{"apiVersion":"strongroom.dev/v1","kind":"WhoReadReview","spec":{"secret":"db"}}`;

function commands(binary: KubectlBinary): void {
  let server: TestServer;
  let kubectl: Kubectl;
  before(async () => {
    server = await startTestServer();
    kubectl = await Kubectl.for(binary, server);
    await kubectl.ok(["create", "secret", "generic", "db", "--from-literal=k=v"]);
    await kubectl.ok(["get", "secret", "db", "-o", "yaml"]);
  });
  after(async () => {
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("entries are printed, selected, shown whole and explained", async () => {
    const table = await kubectl.ok(["get", "auditevents", "--field-selector", "secret=default/db,verb=get"]);
    assert.match(table, /^NAME +TIME +USER +VERB +OBJECT +DECISION +CODE +DOOR +FROM +SEEN\n/);
    const [, name = ""] =
      /\n(\d{16}) +\S+Z +strongroom-admin +get +secrets default\/db +allow +200 +kubernetes +127\.0\.0\.1 +here\n/.exec(
        table,
      ) ?? assert.fail(table);
    const yaml = await kubectl.ok(["get", "auditevent", name, "-o", "yaml"]);
    assert.match(yaml, /kind: AuditEvent/);
    assert.match(yaml, /disclosed:\n *- keys:\n *- k\n/);
    assert.match(await kubectl.ok(["explain", "auditevent.disclosed.keys"]), /Under which keys values left/);
    const pages = await kubectl.ok(["get", "auditevents", "--chunk-size", "7", "-o", "name"]);
    const names = pages.trimEnd().split("\n");
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.length > 14);
  });

  test("who read a secret is answered to a review", async () => {
    const { code, stdout, stderr } = await kubectl.run(["create", "-n", "default", "-o", "yaml", "-f", "-"], review);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\n +reads: 2\n/);
    assert.match(stdout, /\n +user: strongroom-admin\n/);
  });
}
