/** kubectl's server-side apply, with every kubectl this machine has, against a real server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

const manifest = (name: string, fields: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n${fields}`;

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => commands(binary));

function commands(binary: KubectlBinary): void {
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
  const apply = (text: string, ...more: string[]) => kubectl.run(["apply", "--server-side", ...more, "-f", "-"], text);
  const applied = async (text: string, ...more: string[]) => {
    const output = await apply(text, ...more);
    assert.equal(output.code, 0, output.stderr);
    return output.stdout;
  };
  const read = async (name: string) =>
    JSON.parse(await kubectl.ok(["get", "secret", name, "-o", "json", ...showManagedFields]));
  /** kubectl hides them since 1.21. */
  const showManagedFields = binary.minor < 21 ? [] : ["--show-managed-fields"];
  const managers = async (name: string): Promise<string[]> =>
    (await read(name)).metadata.managedFields.map(
      (entry: { manager: string; operation: string }) => `${entry.manager} ${entry.operation}`,
    );

  test("apply --server-side creates, changes, and removes what the manifest no longer has", async () => {
    const first = manifest("plain", "stringData: {a: '1', b: '2'}\n");
    assert.equal(await applied(first), "secret/plain serverside-applied\n");
    const version = (await read("plain")).metadata.resourceVersion;
    await applied(first);
    assert.equal((await read("plain")).metadata.resourceVersion, version, "the same manifest changes nothing");
    await applied(manifest("plain", "stringData: {a: '3'}\n"));
    assert.deepEqual((await read("plain")).data, { a: "Mw==" });
    assert.deepEqual(await managers("plain"), ["kubectl Apply"]);
  });

  test("--field-manager names the manager; conflicts are told, and --force-conflicts wins", async () => {
    await applied(manifest("shared", "stringData: {a: '1'}\n"), "--field-manager=first");
    const second = manifest("shared", "stringData: {a: '2'}\n");
    const refused = await apply(second, "--field-manager=second");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Apply failed with 1 conflict: conflict with "first": \.data\.a/);
    assert.match(refused.stderr, /Please review the fields above--they currently have other managers/);
    await applied(second, "--field-manager=second", "--force-conflicts");
    assert.deepEqual(await managers("shared"), ["second Apply"]);
  });

  test("edit, label and patch after an apply are recorded beside it", async () => {
    await applied(manifest("mixed", "stringData: {a: '1'}\n"));
    await kubectl.ok(["label", "secret", "mixed", "l=m"]);
    const names = await managers("mixed");
    assert.equal(names[0], "kubectl Apply");
    assert.match(names[1] ?? "", /^kubectl(-label)? Update$/);
    await applied(manifest("mixed", "stringData: {a: '2'}\n"));
    assert.deepEqual((await read("mixed")).metadata.labels, { l: "m" });
  });

  test("managedFields are hidden unless asked for", async () => {
    await applied(manifest("hidden", "stringData: {a: '1'}\n"));
    if (binary.minor >= 21) {
      assert.doesNotMatch(await kubectl.ok(["get", "secret", "hidden", "-o", "yaml"]), /managedFields/);
    }
    const shown = await kubectl.ok(["get", "secret", "hidden", "-o", "yaml", ...showManagedFields]);
    assert.match(shown, /f:data:\n\s+f:a: \{\}/);
  });

  test("view-last-applied shows what client-side apply left", async () => {
    await kubectl.ok(["apply", "-f", "-"], manifest("viewed", "data: {a: MQ==}\n"));
    assert.match(await kubectl.ok(["apply", "view-last-applied", "secret", "viewed"]), /^data:\n {2}a: MQ==\n/m);
  });

  test("server-side apply takes over from client-side apply", async () => {
    const text = (fields: string) => manifest("upgraded", fields);
    await kubectl.ok(["apply", "-f", "-"], text("data: {a: MQ==, b: Mg==}\n"));
    assert.deepEqual(await managers("upgraded"), ["kubectl-client-side-apply Update"]);
    await applied(text("data: {a: Mw==, b: Mg==}\n"));
    assert.equal((await read("upgraded")).data.a, "Mw==");
    await applied(text("data: {a: Mw==}\n"));
    const object = await read("upgraded");
    if (binary.minor >= 26) {
      // Since then kubectl moves the fields of its client-side apply to its server-side apply.
      assert.deepEqual(object.data, { a: "Mw==" });
      assert.ok(!(await managers("upgraded")).includes("kubectl-client-side-apply Update"));
    }
    assert.match(
      object.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"],
      /"data":\{"a":"Mw=="\}/,
    );
    // And back: client-side apply still finds what was applied last.
    await kubectl.ok(["apply", "-f", "-"], text("data: {a: Mw==}\n"));
    assert.deepEqual((await read("upgraded")).data.a, "Mw==");
  });

  test("diff --server-side shows what an apply would change and leaves it", async () => {
    await applied(manifest("compared", "stringData: {a: '1'}\n"));
    const command = ["diff", "--server-side", "-f", "-"];
    const diff = await kubectl.run(command, manifest("compared", "data: {a: Mg==}\n"));
    assert.equal(diff.code, 1, diff.stderr);
    assert.deepEqual((await read("compared")).data, { a: "MQ==" });
  });

  test("apply --server-side --dry-run=server stores nothing", async () => {
    const output = await applied(manifest("dry", "stringData: {a: '1'}\n"), "--dry-run=server");
    assert.match(output, /secret\/dry serverside-applied \(server dry run\)/);
    assert.equal((await kubectl.run(["get", "secret", "dry"])).code, 1);
  });
}
