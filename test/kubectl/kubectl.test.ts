/**
 * The commands of kubectl that concern Secrets and Namespaces, with every kubectl
 * this machine has, against a real server; the output is checked.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { CertificateAuthority } from "../../src/identity/x509/certificate-authority.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

const binaries = findKubectls();
const versions = binaries.map((binary) => binary.version).join(", ");
console.log(`kubectl found: ${versions === "" ? "none" : versions}`);

const manifest = (name: string, fields: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n${fields}`;

test("There is a kubectl to test with, and one on each side of the change to protobuf where the machine has them", () => {
  assert.ok(binaries.length > 0, "no kubectl found: node scripts/setup.mjs --tests installs one");
  const minors = binaries.map((binary) => binary.minor);
  if (Math.min(...minors) > 28)
    console.log("no kubectl <= 1.28 on this machine: its discovery and OpenAPI v2 stay untested");
  if (Math.max(...minors) < 32) console.log("no kubectl >= 1.32 on this machine: its protobuf bodies stay untested");
});

for (const binary of binaries) describe(`kubectl ${binary.version}`, () => commands(binary));

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
  const jsonpath = (name: string, path: string) => kubectl.ok(["get", "secret", name, "-o", `jsonpath=${path}`]);

  test("version, api-resources and api-versions tell what is served", async () => {
    assert.match(await kubectl.ok(["version", ...(binary.minor < 28 ? ["--short=false"] : [])]), /1\.34|v1\.34/);
    const resources = await kubectl.ok(["api-resources"]);
    assert.match(resources, /namespaces +ns +v1 +false +Namespace/);
    assert.match(resources, /secrets +v1 +true +Secret/);
    assert.deepEqual((await kubectl.ok(["api-versions"])).trim().split("\n"), [
      "admissionregistration.k8s.io/v1",
      "authentication.k8s.io/v1",
      "authorization.k8s.io/v1",
      "coordination.k8s.io/v1",
      "events.k8s.io/v1",
      "rbac.authorization.k8s.io/v1",
      "strongroom.dev/v1",
      "v1",
    ]);
  });

  test("create secret generic, tls and docker-registry make the types they are for", async () => {
    const generic = ["create", "secret", "generic", "made", "--from-literal=user=ann", "--from-literal=pass=p@ss word"];
    assert.equal(await kubectl.ok(generic), "secret/made created\n");
    assert.equal(await jsonpath("made", "{.type} {.data.user}"), "Opaque YW5u");
    const again = await kubectl.run(generic);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /secrets "made" already exists/);
    const registry = ["--docker-server=r.example", "--docker-username=u", "--docker-password=p"];
    await kubectl.ok(["create", "secret", "docker-registry", "reg", ...registry]);
    assert.equal(await jsonpath("reg", "{.type}"), "kubernetes.io/dockerconfigjson");
    const config = Buffer.from(await jsonpath("reg", "{.data.\\.dockerconfigjson}"), "base64").toString();
    assert.equal(JSON.parse(config).auths["r.example"].username, "u");
    const pair = await throwAwayPair(kubectl.home);
    await kubectl.ok(["create", "secret", "tls", "pair", `--cert=${pair.cert}`, `--key=${pair.key}`]);
    assert.equal(await jsonpath("pair", "{.type}"), "kubernetes.io/tls");
  });

  test("get prints the table, and filters by label, field, namespace and chunk", async () => {
    await kubectl.ok(["create", "-f", "-"], manifest("listed", "  labels: {app: web}\nstringData: {a: '1', b: '2'}\n"));
    const table = await kubectl.ok(["get", "secrets"]);
    assert.match(table, /^NAME +TYPE +DATA +AGE\n/);
    assert.match(table, /\nlisted +Opaque +2 +\d+s\n/);
    assert.equal(await kubectl.ok(["get", "secrets", "-l", "app=web", "-o", "name"]), "secret/listed\n");
    const field = ["get", "secrets", "--field-selector", "metadata.name=listed,type=Opaque", "-o", "name"];
    assert.equal(await kubectl.ok(field), "secret/listed\n");
    assert.match(await kubectl.ok(["get", "secrets", "-A"]), /^NAMESPACE +NAME/);
    const chunked = await kubectl.ok(["get", "secrets", "--chunk-size=1", "-o", "name"]);
    assert.deepEqual(
      chunked.trim().split("\n"),
      (await kubectl.ok(["get", "secrets", "-o", "name"])).trim().split("\n"),
    );
    const bad = await kubectl.run(["get", "secrets", "--field-selector", "spec.x=y"]);
    assert.match(bad.stderr, /field label not supported: spec\.x/);
  });

  test("get of one secret as YAML and JSON shows what was written", async () => {
    await kubectl.ok(["create", "-f", "-"], manifest("shown", "stringData: {greeting: 'héllo\\n'}\nimmutable: true\n"));
    const yaml = await kubectl.ok(["get", "secret", "shown", "-o", "yaml"]);
    assert.match(yaml, /^apiVersion: v1\ndata:\n {2}greeting: /);
    assert.match(yaml, /\nimmutable: true\nkind: Secret\nmetadata:\n/);
    const json = JSON.parse(await kubectl.ok(["get", "secret", "shown", "-o", "json"]));
    assert.equal(json.metadata.namespace, "default");
    assert.equal(Buffer.from(json.data.greeting, "base64").toString(), "héllo\\n");
    const missing = await kubectl.run(["get", "secret", "nowhere"]);
    assert.match(missing.stderr, /Error from server \(NotFound\): secrets "nowhere" not found/);
  });

  test("describe shows sizes, not values", async () => {
    await kubectl.ok(["create", "secret", "generic", "described", "--from-literal=password=hunter22"]);
    const text = await kubectl.ok(["describe", "secret", "described"]);
    assert.match(text, /Name: +described/);
    assert.match(text, /password: +8 bytes/);
    assert.doesNotMatch(text, /hunter22/);
  });

  test("apply creates, configures, and leaves an unchanged object alone", async () => {
    const plain = manifest("plain", "data: {a: MQ==}\n");
    assert.equal(await kubectl.ok(["apply", "-f", "-"], plain), "secret/plain created\n");
    assert.equal(await kubectl.ok(["apply", "-f", "-"], plain), "secret/plain unchanged\n");
    const one = manifest("applied", "stringData: {a: '1', b: '2'}\n");
    assert.equal(await kubectl.ok(["apply", "-f", "-"], one), "secret/applied created\n");
    const version = await jsonpath("applied", "{.metadata.resourceVersion}");
    // kubectl cannot see stringData again, so it patches and says so; the server finds nothing to change.
    assert.equal(await kubectl.ok(["apply", "-f", "-"], one), "secret/applied configured\n");
    assert.equal(await jsonpath("applied", "{.metadata.resourceVersion}"), version);
    const two = manifest("applied", "stringData: {a: '3'}\n");
    assert.equal(await kubectl.ok(["apply", "-f", "-"], two), "secret/applied configured\n");
    assert.equal(await jsonpath("applied", "{.data}"), '{"a":"Mw=="}', "a key dropped from stringData is gone");
  });

  test("diff shows a change and writes nothing", async () => {
    await kubectl.ok(["apply", "-f", "-"], manifest("differing", "data: {a: MQ==}\n"));
    const version = await jsonpath("differing", "{.metadata.resourceVersion}");
    const changed = await kubectl.run(["diff", "-f", "-"], manifest("differing", "data: {a: MQ==}\nimmutable: true\n"));
    assert.equal(changed.code, 1, changed.stderr);
    assert.match(changed.stdout, /^\+immutable: true$/m);
    assert.equal(await jsonpath("differing", "{.metadata.resourceVersion}"), version);
  });

  test("replace overwrites, and refuses what does not exist", async () => {
    await kubectl.ok(["create", "-f", "-"], manifest("replaced", "data: {a: MQ==}\n"));
    assert.equal(
      await kubectl.ok(["replace", "-f", "-"], manifest("replaced", "data: {b: Mg==}\n")),
      "secret/replaced replaced\n",
    );
    assert.equal(await jsonpath("replaced", "{.data}"), '{"b":"Mg=="}');
    const missing = await kubectl.run(["replace", "-f", "-"], manifest("absent", "data: {}\n"));
    assert.match(missing.stderr, /secrets "absent" not found/);
    await kubectl.ok(["replace", "--force", "-f", "-"], manifest("replaced", "data: {c: Mw==}\n"));
    assert.equal(await jsonpath("replaced", "{.data}"), '{"c":"Mw=="}');
  });

  test("patch applies all three kinds of patch", async () => {
    await kubectl.ok(["create", "-f", "-"], manifest("patched", "data: {a: MQ==, b: Mg==}\n"));
    const patch = (type: string, text: string) =>
      kubectl.ok(["patch", "secret", "patched", "--type", type, "-p", text]);
    assert.match(await patch("strategic", '{"stringData":{"c":"3"}}'), /secret\/patched patched/);
    await patch("merge", '{"data":{"a":null}}');
    await patch("json", '[{"op":"replace","path":"/data/b","value":"OQ=="}]');
    assert.equal(await jsonpath("patched", "{.data}"), '{"b":"OQ==","c":"Mw=="}');
    const same = await patch("merge", '{"data":{"b":"OQ=="}}');
    assert.match(same, /secret\/patched patched \(no change\)/);
    const failing = [
      "patch",
      "secret",
      "patched",
      "--type",
      "json",
      "-p",
      '[{"op":"test","path":"/data/b","value":"x"}]',
    ];
    assert.equal((await kubectl.run(failing)).code, 1);
  });

  test("label and annotate change metadata alone", async () => {
    await kubectl.ok(["create", "secret", "generic", "marked", "--from-literal=a=1"]);
    assert.match(await kubectl.ok(["label", "secret", "marked", "tier=gold"]), /labeled/);
    assert.match(await kubectl.ok(["annotate", "secret", "marked", "note=checked"]), /annotated|annotate/);
    assert.equal(await jsonpath("marked", "{.metadata.labels.tier}/{.metadata.annotations.note}"), "gold/checked");
    await kubectl.ok(["label", "secret", "marked", "tier-"]);
    assert.equal(await jsonpath("marked", "{.metadata.labels.tier}"), "");
  });

  test("edit writes back what the editor leaves", async () => {
    await kubectl.ok(["create", "-f", "-"], manifest("edited", "data: {a: MQ==}\n"));
    const editor = join(kubectl.home, "editor.sh");
    await writeFile(editor, '#!/bin/sh\nsed -i "s/a: MQ==/a: Mg==/" "$1"\n', { mode: 0o700 });
    const output = await kubectl.ok(["edit", "secret", "edited"], "", { KUBE_EDITOR: editor });
    assert.match(output, /secret\/edited edited/);
    assert.equal(await jsonpath("edited", "{.data.a}"), "Mg==");
  });

  test("get --watch prints each change as it happens", async () => {
    await kubectl.ok(["create", "secret", "generic", "watched", "--from-literal=a=1"]);
    const child = kubectl.start(["get", "secret", "watched", "--watch", "-o", 'jsonpath={.data.a}{"\\n"}']);
    assert.ok(child.stdout !== null, "the output of kubectl is a pipe");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, "MQ==");
    await kubectl.ok(["patch", "secret", "watched", "-p", '{"stringData":{"a":"2"}}']);
    assert.equal((await lines.next()).value, "Mg==");
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  });

  test("--dry-run=server validates and persists nothing", async () => {
    const created = await kubectl.ok(["apply", "--dry-run=server", "-f", "-"], manifest("dry", "data: {a: MQ==}\n"));
    assert.match(created, /secret\/dry created \(server dry run\)/);
    assert.equal((await kubectl.run(["get", "secret", "dry"])).code, 1);
    const invalid = await kubectl.run(["apply", "--dry-run=server", "-f", "-"], manifest("Bad_Name", "data: {}\n"));
    assert.match(invalid.stderr, /metadata\.name: Invalid value: "Bad_Name"/);
  });

  test("an immutable secret refuses other values and can be deleted", async () => {
    await kubectl.ok(["create", "-f", "-"], manifest("fixed", "data: {a: MQ==}\nimmutable: true\n"));
    const refused = await kubectl.run(["patch", "secret", "fixed", "-p", '{"data":{"a":"Mg=="}}']);
    assert.match(refused.stderr, /data: Forbidden: field is immutable when `immutable` is set/);
    assert.match(await kubectl.ok(["delete", "secret", "fixed"]), /^secret "fixed" deleted/);
  });

  test("a mistyped field is found before anything is written", async () => {
    const output = await kubectl.run(["create", "-f", "-"], manifest("typo", "daat: {a: MQ==}\n"));
    assert.equal(output.code, 1);
    assert.match(output.stderr, /unknown field "daat"/);
  });

  test("wait sees a deletion", async () => {
    await kubectl.ok(["create", "secret", "generic", "leaving", "--from-literal=a=1"]);
    const child = kubectl.start(["wait", "--for=delete", "secret/leaving", "--timeout=20s"]);
    const exited = once(child, "exit");
    await kubectl.ok(["delete", "secret", "leaving"]);
    const [code] = await exited;
    assert.equal(code, 0);
  });

  test("delete by selector and --all removes what matches", async () => {
    const inOther = ["-n", "kube-public"];
    for (const name of ["x", "y", "z"]) await kubectl.ok(["create", "secret", "generic", name, ...inOther]);
    await kubectl.ok(["label", "secret", "x", "drop=yes", ...inOther]);
    await kubectl.ok(["delete", "secrets", "-l", "drop=yes", ...inOther]);
    assert.equal(await kubectl.ok(["get", "secrets", "-o", "name", ...inOther]), "secret/y\nsecret/z\n");
    await kubectl.ok(["delete", "secrets", "--all", ...inOther]);
    assert.equal(await kubectl.ok(["get", "secrets", "-o", "name", ...inOther]), "");
  });

  test("a namespace is made, seen, and goes with everything in it", async () => {
    assert.equal(await kubectl.ok(["create", "namespace", "team"]), "namespace/team created\n");
    await kubectl.ok(["create", "secret", "generic", "inside", "--from-literal=a=1", "-n", "team"]);
    assert.match(await kubectl.ok(["get", "ns", "team"]), /team +Active +\d+s/);
    assert.match(await kubectl.ok(["describe", "ns", "team"]), /kubernetes\.io\/metadata\.name=team/);
    assert.match(await kubectl.ok(["delete", "namespace", "team"]), /namespace "team" deleted/);
    assert.equal((await kubectl.run(["get", "ns", "team"])).code, 1);
    assert.equal(await kubectl.ok(["get", "secrets", "-n", "team", "-o", "name"]), "");
    const immortal = await kubectl.run(["delete", "namespace", "default"]);
    assert.match(immortal.stderr, /namespaces "default" is forbidden: this namespace may not be deleted/);
  });

  test("explain describes the fields of a secret", async () => {
    const text = await kubectl.ok(["explain", "secret"]);
    assert.match(text, /KIND: +Secret/);
    for (const field of ["data", "stringData", "immutable", "type", "metadata"])
      assert.match(text, new RegExp(`${field}\\t? *<`));
    assert.match(await kubectl.ok(["explain", "secret.stringData"]), /stringData <map\[string\]string>/);
  });

  test("the manifests of examples/ are applied, read and deleted", async () => {
    const applied = await kubectl.ok(["apply", "-f", join("examples", "secrets")]);
    assert.ok(applied.trim().split("\n").length >= 10, applied);
    assert.match(await kubectl.ok(["get", "secret", "file-credential", "-o", "jsonpath={.data}"]), /\.secret-file/);
    await kubectl.ok(["delete", "-f", join("examples", "secrets")]);
  });
}

/** A certificate and its key, made for this run. */
async function throwAwayPair(directory: string): Promise<{ cert: string; key: string }> {
  const pair = await CertificateAuthority.generate(Date.now());
  const files = { cert: join(directory, "tls.crt"), key: join(directory, "tls.key") };
  await writeFile(files.cert, pair.certPem);
  await writeFile(files.key, pair.keyPem.reveal(), { mode: 0o600 });
  return files;
}
