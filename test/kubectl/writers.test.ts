/** What works with kubectl for somebody who may write secrets and read none: CI that delivers; every kubectl this machine has. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { grant, userKubeconfig } from "../support/user-client.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

const manifest = (value: string, more = "") =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n${more}stringData:\n  a: ${value}\n`;

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => commands(binary));

function commands(binary: KubectlBinary): void {
  const started = new AsyncDisposableStack();
  let server: TestServer;
  let writer: Kubectl;
  before(async () => {
    server = started.use(await startTestServer());
    await grant(server, "writer", ["create,update,patch,delete", "secrets"]);
    const kubeconfig = started.use(await userKubeconfig(server, "writer"));
    writer = started.use(await Kubectl.for(binary, { kubeconfig: kubeconfig.path }));
  });
  after(() => started.disposeAsync());
  const stored = async () => (await server.call("GET", `${secretsPath}/db`)).json;

  test("apply --server-side creates and changes", async () => {
    const apply = (value: string) => writer.ok(["apply", "--server-side", "-f", "-"], manifest(value));
    assert.match(await apply("one"), /serverside-applied/);
    assert.match(await apply("two"), /serverside-applied/);
    assert.equal((await stored()).data.a, Buffer.from("two").toString("base64"));
  });

  test("apply --server-side prints no value of what others have set, and what it prints cannot be applied", async () => {
    const other = { op: "add", path: "/data/hidden", value: "Y2FuYXJ5" };
    await server.call("PATCH", `${secretsPath}/db`, {
      body: [other],
      headers: { "Content-Type": "application/json-patch+json" },
    });
    const printed = await writer.ok(["apply", "--server-side", "-f", "-", "-o", "yaml"], manifest("two"));
    assert.match(printed, /strongroom.dev\/values: withheld/);
    assert.ok(!printed.includes("Y2FuYXJ5"));
    const again = await writer.run(["apply", "--server-side", "-f", "-"], printed);
    assert.notEqual(again.code, 0);
    assert.match(again.stderr, /must not be written back|managedFields/);
    assert.equal((await stored()).data.hidden, "Y2FuYXJ5");
  });

  test("create and delete work, in the foreground too", async () => {
    await create(server, secretsPath, secret("gone"));
    const literal = ["create", "secret", "generic", "made", "--from-literal=a=b"];
    assert.match(await writer.ok(literal), /created/);
    for (const args of [["made"], ["gone", binary.minor < 20 ? "--cascade=true" : "--cascade=foreground"]]) {
      assert.match(await writer.ok(["delete", "secret", ...args, "--wait=false"]), /deleted/);
    }
  });
}
