/** Policies with kubectl: explained, written, felt. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => commands(binary));

const manifest = `apiVersion: strongroom.dev/v1
kind: SecretPolicy
metadata: {name: db}
spec:
  mode: enforce
  subjects: [{kind: Group, name: devs}]
  deny: [{names: ["db-*"]}]
`;

function commands(binary: KubectlBinary): void {
  let server: TestServer;
  let kubectl: Kubectl;
  before(async () => {
    server = await startTestServer();
    kubectl = await Kubectl.for(binary, server);
    await kubectl.ok(["create", "secret", "generic", "db-main", "--from-literal=k=v"]);
    await kubectl.ok(["create", "rolebinding", "devs", "--clusterrole=edit", "--group=devs"]);
  });
  after(async () => {
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("a policy is explained, applied with a word on who loses what, printed and enforced", async () => {
    const explained = await kubectl.ok(["explain", "secretpolicy.spec.deny.condition"]);
    assert.match(explained, /An expression in CEL/);
    const applied = await kubectl.run(["apply", "-f", "-"], manifest);
    assert.match(applied.stdout, /secretpolicy.strongroom.dev\/db created/);
    assert.match(applied.stderr, /Warning: Group "devs" loses .*get.* of secrets in namespace "default"/);
    assert.match(
      await kubectl.ok(["get", "secretpolicies"]),
      /^NAME +MODE +SUBJECTS +AGE\ndb +enforce +Group\/devs +\d+s\n$/,
    );
    const asDev = ["--as=dev", "--as-group=devs"];
    const refused = await kubectl.run(["get", "secret", "db-main", ...asDev]);
    assert.match(refused.stderr, /denied by SecretPolicy "default\/db"/);
    const canI = await kubectl.run(["auth", "can-i", "get", "secret/db-main", ...asDev]);
    assert.match(canI.stdout, /^no/);
    assert.match(await kubectl.ok(["auth", "can-i", "get", "secret/other", ...asDev]), /^yes/);
  });
}
