/** Links with kubectl: explained, written, waited for, printed, refused and deleted. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => commands(binary));

const manifest = `apiVersion: strongroom.dev/v1
kind: SecretLink
metadata: {name: db, namespace: west-team}
spec:
  source: {namespace: shared, name: db}
`;

const inWest = ["-n", "west-team"];

function commands(binary: KubectlBinary): void {
  let server: TestServer;
  let kubectl: Kubectl;
  before(async () => {
    server = await startTestServer();
    kubectl = await Kubectl.for(binary, server);
    for (const namespace of ["shared", "west-team"]) await kubectl.ok(["create", "namespace", namespace]);
    await kubectl.ok(["create", "secret", "generic", "db", "-n", "shared", "--from-literal=password=p"]);
  });
  after(async () => {
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("a link is explained, applied, waited for, printed, and deleted with what it made", async () => {
    assert.match(await kubectl.ok(["explain", "secretlink.spec.source"]), /names the secret whose type and values/);
    assert.match((await kubectl.run(["apply", "-f", "-"], manifest)).stdout, /secretlink.strongroom.dev\/db created/);
    // From 1.23 on kubectl waits for what a field says.
    if (binary.minor >= 23)
      await kubectl.ok([...inWest, "wait", "secretlink/db", "--for=jsonpath={.status.phase}=Linked"]);
    while (!(await kubectl.ok([...inWest, "get", "secretlink", "db"])).includes("Linked"));
    assert.match((await kubectl.run(["apply", "-f", "-"], manifest)).stdout, /secretlink.strongroom.dev\/db unchanged/);
    assert.match(
      await kubectl.ok(["get", "secretlinks", ...inWest]),
      /^NAME +SOURCE +PHASE +AGE\ndb +shared\/db +Linked +\d+s\n$/,
    );
    const seen = await kubectl.ok(["get", "secret", "db", ...inWest, "-o", "jsonpath={.data.password}"]);
    assert.equal(seen, "cA==");
    const deleted = await kubectl.run(["delete", "secret", "db", ...inWest]);
    assert.match(deleted.stderr, /is forbidden: it is linked from shared\/db: change that, or delete the SecretLink/);
    const labelled = await kubectl.run(["label", "secret", "db", ...inWest, "a=b"]);
    assert.match(labelled.stderr, /it is linked from shared\/db/);
    await kubectl.ok(["label", "secretlink", "db", ...inWest, "tier=data"]);
    await kubectl.ok(["delete", "secretlink", "db", ...inWest]);
    while ((await kubectl.ok([...inWest, "get", "secrets", "-o", "name"])) !== "");
  });
}
