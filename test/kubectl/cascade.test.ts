/** `kubectl delete --cascade=...` with every kubectl this machine has. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => cascades(binary));

function cascades(binary: KubectlBinary): void {
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

  /** An owner and two dependents, one of another kind. */
  async function family(name: string): Promise<void> {
    await kubectl.ok(["create", "secret", "generic", name, "--from-literal=a=1"]);
    const uid = await kubectl.ok(["get", "secret", name, "-o", "jsonpath={.metadata.uid}"]);
    const metadata = (child: string) =>
      `metadata:\n  name: ${name}-${child}\n  ownerReferences:\n` +
      `  - {apiVersion: v1, kind: Secret, name: ${name}, uid: ${uid}, blockOwnerDeletion: true}\n`;
    const child = `apiVersion: v1\nkind: Secret\n${metadata("child")}`;
    const map = `apiVersion: v1\nkind: ConfigMap\n${metadata("map")}`;
    await kubectl.ok(["create", "-f", "-"], `${child}---\n${map}`);
  }

  const left = (name: string) =>
    kubectl.ok(["get", `secret/${name}`, `secret/${name}-child`, `cm/${name}-map`, "--ignore-not-found", "-o", "name"]);

  test("--cascade=foreground returns when all of them are gone", async () => {
    await family("fg");
    await kubectl.ok(["delete", "secret", "fg", "--cascade=foreground"]);
    assert.equal(await left("fg"), "");
  });

  test("--cascade=background, which is the default, leaves the dependents to the collector", async () => {
    for (const [name, flags] of [
      ["bg", ["--cascade=background"]],
      ["default", []],
    ] as const) {
      await family(name);
      await kubectl.ok(["delete", "secret", name, ...flags]);
      for (const dependent of [`secret/${name}-child`, `configmap/${name}-map`]) {
        // Without the object this fails at once, and it is gone all the same.
        await kubectl.run(["wait", "--for=delete", dependent, "--timeout=20s"]);
      }
      assert.equal(await left(name), "");
    }
  });

  test("--cascade=orphan keeps the dependents, without the reference", async () => {
    await family("or");
    await kubectl.ok(["delete", "secret", "or", "--cascade=orphan"]);
    assert.equal(await left("or"), "secret/or-child\nconfigmap/or-map\n");
    for (const dependent of ["secret/or-child", "configmap/or-map"]) {
      assert.equal(await kubectl.ok(["get", dependent, "-o", "jsonpath={.metadata.ownerReferences}"]), "");
    }
  });
}
