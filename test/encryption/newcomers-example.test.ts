/** The example of upstream's documentation that newcomers copy: with good keys it works, with wrong ones it names the field. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { askForEncryption } from "../../src/instance/control-socket.ts";
import { startTestServer } from "../running-server.ts";
import { keyOf } from "./refused-files.ts";

const example = (appsKey: string, allKey: string) => `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources:
      - events
    providers:
      - identity: {} # do not encrypt events even though *.* is specified below
  - resources:
      - '*.apps' # wildcard match requires Kubernetes 1.27 or later
    providers:
      - aescbc:
          keys:
            - name: key2
              secret: ${appsKey}
  - resources:
      - '*.*' # wildcard match requires Kubernetes 1.27 or later
    providers:
      - aescbc:
          keys:
            - name: key3
              secret: ${allKey}
`;

test("The example that newcomers copy leaves events in the clear and encrypts everything else by its last rule", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-example-"));
  try {
    const file = join(folder, "encryption.yaml");
    writeFileSync(file, example(keyOf(32, 2), keyOf(32, 3)), { mode: 0o600 });
    await using server = await startTestServer({ encryptionFile: file });
    const namespace = "/api/v1/namespaces/default";
    const create = async (resource: string, body: object) => {
      const { status, text } = await server.call("POST", `${namespace}/${resource}`, { body });
      assert.equal(status, 201, text);
    };
    await create("secrets", { metadata: { name: "db" }, stringData: { a: "b" } });
    await create("configmaps", { metadata: { name: "c" } });
    const involvedObject = { kind: "Secret", namespace: "default", name: "db" };
    await create("events", { metadata: { name: "e" }, involvedObject, reason: "Test", message: "m", type: "Normal" });
    const status = await askForEncryption(server.dataDir);
    const writes = (name: string) =>
      status?.resources
        .filter(({ resource, state }) => resource === name && state === "writes")
        .map(({ form }) => form);
    assert.deepEqual(writes("events"), ["identity"]);
    for (const resource of ["secrets", "configmaps"]) assert.deepEqual(writes(resource), ["aescbc:v1:key3"], resource);
    assert.deepEqual(writes("strongroom"), ["kms:v2:strongroom"]);
    const { json } = await server.call("GET", `${namespace}/secrets/db`);
    assert.equal(json.data.a, Buffer.from("b").toString("base64"));
    await server.stop();

    const rows: readonly [number, number, RegExp][] = [
      [28, 32, /: resources\[1\]\.providers\[0\]\.aescbc\.keys\[0\]\.secret: .* got 28, expected one of \[16 24 32\]$/],
      [32, 25, /: resources\[2\]\.providers\[0\]\.aescbc\.keys\[0\]\.secret: .* got 25, expected one of \[16 24 32\]$/],
    ];
    for (const [apps, all, expected] of rows) {
      writeFileSync(file, example(keyOf(apps, 2), keyOf(all, 3)));
      await assert.rejects(startTestServer({ encryptionFile: file }), expected);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
