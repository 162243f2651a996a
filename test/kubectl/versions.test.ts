/** Versions and the trash with kubectl: listed, described, rolled back, restored, purged. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => commands(binary));

const rollback = `{"apiVersion":"strongroom.dev/v1","kind":"SecretRollback","metadata":{"name":"db"},"spec":{"toVersion":1}}`;

function commands(binary: KubectlBinary): void {
  let server: TestServer;
  let kubectl: Kubectl;
  before(async () => {
    server = await startTestServer();
    kubectl = await Kubectl.for(binary, server);
    await kubectl.ok(["create", "secret", "generic", "db", "--from-literal=k=v"]);
    await kubectl.ok(["patch", "secret", "db", "-p", '{"stringData":{"k":"w","more":"x"}}']);
  });
  after(async () => {
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("versions are printed, selected, shown whole and explained", async () => {
    const table = await kubectl.ok(["get", "secretversions", "--field-selector", "secret=db"]);
    assert.match(table, /^NAME +SECRET +VERSION +CURRENT +AUTHOR +KEYS +CHANGES +AGE\n/);
    assert.match(table, /\ndb\.v2 +db +2 +true +strongroom-admin +2 +\+more ~k +\d+s\n/);
    const yaml = await kubectl.ok(["get", "secretversion", "db.v1", "-o", "yaml"]);
    assert.match(yaml, /kind: SecretVersion/);
    assert.doesNotMatch(yaml, /\ndata:/);
    const value = ["get", "--raw", "/apis/strongroom.dev/v1/namespaces/default/secretversions/db.v1/value"];
    assert.deepEqual(JSON.parse(await kubectl.ok(value)).data, { k: "dg==" });
    assert.match(await kubectl.ok(["explain", "secretversion.changes.removed"]), /Keys that are gone/);
  });

  test("a secret goes back to an earlier version, to the trash, back from it, and is purged", async () => {
    const raw = ["create", "--raw", "/api/v1/namespaces/default/secrets/db/rollback", "-f", "-"];
    const back = await kubectl.run(raw, rollback);
    assert.equal(JSON.parse(back.stdout).status.version, 3, back.stderr);
    assert.equal(await kubectl.ok(["get", "secret", "db", "-o", "jsonpath={.data}"]), '{"k":"dg=="}');
    await kubectl.ok(["delete", "secret", "db"]);
    const trash = await kubectl.ok(["get", "deletedsecrets"]);
    const [, name = ""] = /\n(db\.\S+) +db +Opaque +3 +strongroom-admin +\d+s\n/.exec(trash) ?? assert.fail(trash);
    const path = `/apis/strongroom.dev/v1/namespaces/default/deletedsecrets/${name}/restore`;
    const body = `{"apiVersion":"strongroom.dev/v1","kind":"SecretRestore"}`;
    const restored = await kubectl.run(["create", "--raw", path, "-f", "-"], body);
    assert.equal(JSON.parse(restored.stdout).status.version, 4, restored.stderr);
    assert.equal(await kubectl.ok(["get", "secret", "db", "-o", "jsonpath={.data}"]), '{"k":"dg=="}');
    await kubectl.ok(["delete", "secret", "db"]);
    await kubectl.ok(["delete", "deletedsecret", name]);
    assert.match((await kubectl.run(["get", "deletedsecrets"])).stderr, /No resources found/);
  });
}
