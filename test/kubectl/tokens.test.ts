/** What people do with kubectl about tokens; every kubectl this machine has. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

/** `create token` came with 1.24, `auth whoami` with 1.28. */
for (const binary of findKubectls().filter(({ minor }) => minor >= 28)) {
  describe(`kubectl ${binary.version}`, () => commands(binary));
}

function commands(binary: KubectlBinary): void {
  const started = new AsyncDisposableStack();
  let server: TestServer;
  let admin: Kubectl;
  let nobody: Kubectl;
  before(async () => {
    server = started.use(await startTestServer());
    admin = started.use(await Kubectl.for(binary, server));
    const folder = await mkdtemp(join(tmpdir(), "strongroom-token-"));
    started.defer(() => rm(folder, { recursive: true, force: true }));
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, withoutUser(server));
    nobody = started.use(await Kubectl.for(binary, { kubeconfig }));
    await admin.ok(["create", "serviceaccount", "builder"]);
  });
  after(() => started.disposeAsync());

  test("create token makes a token with which kubectl is the account", async () => {
    const token = (await admin.ok(["create", "token", "builder", "--duration", "10m"])).trim();
    const who = await nobody.ok(["auth", "whoami", "--token", token]);
    assert.match(who, /^Username +system:serviceaccount:default:builder$/m);
    assert.match(who, /^Groups +\[system:serviceaccounts system:serviceaccounts:default system:authenticated\]$/m);
    assert.match(who, /JTI=[0-9a-f-]{36}/);
    await admin.ok(["create", "secret", "generic", "db", "--from-literal=password=s3cret"]);
    const refused = await nobody.run(["get", "secrets", "--token", token]);
    assert.match(refused.stderr, /User "system:serviceaccount:default:builder" cannot list resource "secrets"/);
    await admin.ok(["create", "role", "reads", "--verb=get,list", "--resource=secrets"]);
    await admin.ok(["create", "rolebinding", "reads", "--role=reads", "--serviceaccount=default:builder"]);
    assert.match(await nobody.ok(["get", "secrets", "--token", token]), /^db +Opaque/m);
    await admin.ok(["delete", "serviceaccount", "builder"]);
    const gone = await nobody.run(["get", "secrets", "--token", token]);
    assert.match(gone.stderr, /You must be logged in to the server|the server has asked for the client to provide/);
  });

  test("create token binds to an object, and says what is wrong", async () => {
    await admin.ok(["create", "serviceaccount", "bound"]);
    await admin.ok(["create", "secret", "generic", "held"]);
    const bind = ["create", "token", "bound", "--bound-object-kind", "Secret", "--bound-object-name"];
    const token = (await admin.ok([...bind, "held"])).trim();
    await nobody.ok(["auth", "whoami", "--token", token]);
    await admin.ok(["delete", "secret", "held"]);
    assert.notEqual((await nobody.run(["auth", "whoami", "--token", token])).code, 0);
    assert.match((await admin.run([...bind, "none"])).stderr, /secrets "none" not found/);
    const short = await admin.run(["create", "token", "bound", "--duration", "1m"]);
    assert.match(short.stderr, /may not specify a duration less than 10 minutes/);
  });
}

/** A kubeconfig that knows the server, and no credential. */
function withoutUser({ url, credentials }: TestServer): string {
  const ca = Buffer.from(credentials.ca).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: url, "certificate-authority-data": ca } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "" } }],
    "current-context": "c",
  });
}
