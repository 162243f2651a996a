/** Questions of sight by `kubectl create` and `kubectl explain`, with every kubectl this machine has. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => questions(binary));

function questions(binary: KubectlBinary): void {
  let server: TestServer;
  let kubectl: Kubectl;
  before(async () => {
    server = await startTestServer();
    kubectl = await Kubectl.for(binary, server);
  });
  after(async () => {
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const review =
    "apiVersion: strongroom.dev/v1\nkind: WhoCanReview\nspec: {namespace: default, secret: db, direct: true}\n";

  test("create asks who can read a secret, and prints the answer", async () => {
    await kubectl.ok(["create", "secret", "generic", "db", "--from-literal=a=1"]);
    await kubectl.ok(["create", "role", "r", "--verb=get", "--resource=secrets"]);
    await kubectl.ok(["create", "rolebinding", "b", "--role=r", "--user=ann"]);
    const answer = JSON.parse(await kubectl.ok(["create", "-f", "-", "-o", "json"], review));
    const names = answer.status.readers.map(({ principal }: { principal: { name: string } }) => principal.name);
    assert.ok(names.includes("ann"), names.join(" "));
    const path = "jsonpath={.status.readers[?(@.principal.name=='ann')].path[0].edge}";
    assert.equal(await kubectl.ok(["create", "-f", "-", "-o", path], review), "get-secret");
  });

  test("explain has the fields of questions and answers", async () => {
    assert.match(await kubectl.ok(["explain", "whocanreviews.spec"]), /secret\s+<string>/);
    assert.match(await kubectl.ok(["explain", "whocanreviews.status.readers.path"]), /because\s+<string>/);
    assert.match(await kubectl.ok(["explain", "pathreviews"]), /It is answered\s+and\s+not\s+kept/);
  });
}
