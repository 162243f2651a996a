/** `kubectl strongroom`, with every kubectl this machine has: it asks the cluster that kubectl would talk to. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

const program = resolve(import.meta.dirname, "..", "..", "bin", "kubectl-strongroom");

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => plugin(binary));

function plugin(binary: KubectlBinary): void {
  let server: TestServer;
  let kubectl: Kubectl;
  let env: Record<string, string>;
  before(async () => {
    server = await startTestServer();
    kubectl = await Kubectl.for(binary, server);
    // As it is installed: both on the PATH, kubectl by its own name.
    const folder = join(kubectl.home, "bin");
    mkdirSync(folder);
    symlinkSync(binary.path, join(folder, "kubectl"));
    symlinkSync(program, join(folder, "kubectl-strongroom"));
    env = { PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` };
    await kubectl.ok(["create", "namespace", "prod"]);
    for (const [namespace, user] of [
      ["default", "ann"],
      ["prod", "bob"],
    ] as const) {
      await kubectl.ok(["-n", namespace, "create", "secret", "generic", "db", "--from-literal=a=1"]);
      await kubectl.ok(["-n", namespace, "create", "role", "r", "--verb=get", "--resource=secrets"]);
      await kubectl.ok(["-n", namespace, "create", "rolebinding", "b", "--role=r", `--user=${user}`]);
    }
  });
  after(async () => {
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const readers = async (...args: string[]) => {
    const answer = JSON.parse(await kubectl.ok(["strongroom", "who-can", ...args, "-o", "json"], "", env)) as {
      readers: { principal: { name: string } }[];
    };
    return answer.readers.map(({ principal }) => principal.name);
  };

  test("it is listed among the plugins, and asks the cluster of the current context", async () => {
    const listed = await kubectl.run(["plugin", "list"], "", env);
    assert.match(listed.stdout, /kubectl-strongroom$/m);
    assert.ok((await readers("prod/db")).includes("bob"));
    const text = await kubectl.ok(["strongroom", "who-can", "db"], "", env);
    assert.match(text, /^Secret default\/db: /m);
    assert.match(text, /User ann/);
  });

  test("the namespace is that of -n, else that of the context", async () => {
    assert.ok((await readers("db", "-n", "prod")).includes("bob"));
    assert.ok(!(await readers("db")).includes("bob"));
    // A file of several, as KUBECONFIG may name them: the first that says what the current context is wins.
    const own = join(kubectl.home, "own.kubeconfig");
    const names = JSON.parse(await kubectl.ok(["config", "view", "-o", "json"])) as {
      contexts: { name: string; context: { cluster: string; user: string } }[];
    };
    const { cluster, user } = names.contexts[0]!.context; // a kubeconfig has one
    const context = { cluster, user, namespace: "prod" };
    const config = { apiVersion: "v1", kind: "Config", contexts: [{ name: "own", context }] };
    writeFileSync(own, JSON.stringify(config));
    const merged = { ...env, KUBECONFIG: `${own}${delimiter}${server.kubeconfig}` };
    const answer = await kubectl.ok(["strongroom", "who-can", "db", "--context", "own"], "", merged);
    assert.match(answer, /^Secret prod\/db: /m);
  });

  test("a context that is not there, and a kubectl without any, are told", async () => {
    const { code, stderr } = await kubectl.run(["strongroom", "who-can", "db", "--context", "absent"], "", env);
    assert.notEqual(code, 0);
    assert.match(stderr, /must have the context absent; it has /);
    const none = await kubectl.run(["strongroom", "who-can", "db"], "", { ...env, KUBECONFIG: "/dev/null" });
    assert.notEqual(none.code, 0);
    assert.match(none.stderr, /must have a current-context, or one must be named: it has none|must be a kubeconfig/);
    assert.doesNotMatch(stderr + none.stderr, /PRIVATE KEY|client-key/);
  });

  test("other sources can be named as without kubectl", async () => {
    const dump = JSON.stringify({ apiVersion: "v1", kind: "List", items: [] });
    const text = await kubectl.ok(["strongroom", "who-can", "a/db", "--dump", "-"], dump, env);
    assert.match(text, /^Secret a\/db: 1 can read it/m);
  });
}
