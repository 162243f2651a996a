/**
 * A value that is looked for in every file that a server has or makes - data, audit, temporary files, what it says - before, while and
 * after its key is changed, and in the file that is written anew. A control plants it and must find it.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { findLeaks, findLeaksInFolder, leakForms } from "../canary/canary-search.ts";
import { Program, TestHome } from "../cli/program.ts";
import { connectTo } from "../running-server.ts";
import { runIn } from "../sight/run-sight.ts";
import { keyOf } from "./refused-files.ts";
import { walked } from "./walked.ts";

const canary = `canary-"${randomBytes(24).toString("base64url")}"\\é-end`;
const forms = leakForms(canary);
const providers = {
  aescbc: `{aescbc: {keys: [{name: one, secret: ${keyOf(32, 1)}}]}}`,
  aesgcm: `{aesgcm: {keys: [{name: two, secret: ${keyOf(32, 2)}}]}}`,
  secretbox: `{secretbox: {keys: [{name: three, secret: ${keyOf(32, 3)}}]}}`,
} as const;
type Provider = keyof typeof providers;

test("No file of a server has a value in it, whichever provider writes, while keys are changed and after", async () => {
  using home = new TestHome();
  const [file, dataDir] = [home.at("encryption.yaml"), home.at("data")];
  const hunt = async (when: string) => assert.deepEqual(await findLeaksInFolder(home.path, forms), [], when);
  const start = async (...names: readonly Provider[]) => {
    const list = names.map((name) => providers[name]).join(", ");
    const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    writeFileSync(file, `${head}  - {resources: ["*.*"], providers: [${list}]}\n`, { mode: 0o600 });
    const place = ["--data-dir", dataDir, "--root-key-file", home.at("root.key"), "--encryption-provider-config", file];
    const program = new Program(home, ["serve", "--listen", "127.0.0.1:0", ...place]);
    const [, url = ""] = await program.printed(/^ready (https:\/\/\S+)/m);
    return { program, call: await connectTo(url, home.at("data", "admin.kubeconfig")) };
  };
  const stop = async ({ program }: Awaited<ReturnType<typeof start>>) => {
    program.kill("SIGTERM");
    const { stdout, stderr } = await program.ended;
    assert.deepEqual(findLeaks(Buffer.from(stdout + stderr), forms), []);
  };
  const secrets = "/api/v1/namespaces/default/secrets";
  const order: readonly Provider[] = ["aescbc", "aesgcm", "secretbox"];
  for (const [index, name] of order.entries()) {
    const server = await start(name, ...order.slice(0, index).toReversed());
    await using _program = server.program;
    const body = { metadata: { name: `by-${name}` }, stringData: { value: canary, large: canary.repeat(200) } };
    assert.equal((await server.call("POST", secrets, { body })).status, 201);
    const update = { metadata: { name: "by-aescbc" }, stringData: { value: `${canary} ${name}` } };
    assert.equal((await server.call("PUT", `${secrets}/by-aescbc`, { body: update })).status, 200);
    await hunt(`while ${name} writes`);
    await walked(dataDir);
    await hunt(`after everything was written by ${name}`);
    await stop(server);
  }
  const { code, stderr } = await runIn(home.path, "encryption", "defragment", "--data-dir", dataDir);
  assert.equal(code, 0, stderr);
  await hunt("after the file was written anew");
  writeFileSync(home.at("control"), `x${Buffer.from(canary).toString("base64")}`);
  assert.equal((await findLeaksInFolder(home.path, forms)).length > 0, true, "a planted one is found");
});
