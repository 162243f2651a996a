/** `strongroom demo` as a program. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";

import { ApiClient, at } from "../../src/cli/api-client.ts";
import { Program, TestHome } from "./program.ts";

test("demo serves the examples until it is stopped, and leaves nothing behind", async () => {
  using home = new TestHome();
  await using demo = new Program(home, ["demo"]);
  const url = await demo.ready();
  const [, kubeconfig = ""] = await demo.printed(/^ {2}export KUBECONFIG=(.+)$/m);
  await demo.printed(/^Ctrl-C ends it\.$/m);
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  {
    using client = new ApiClient(readFileSync(kubeconfig, "utf8"));
    const { status, body } = await client.send("GET", "/api/v1/namespaces/default/secrets/file-credential");
    assert.equal(status, 200);
    assert.notEqual(at(at(body, "data"), ".secret-file"), undefined);
  }
  demo.kill("SIGTERM");
  const ended = await demo.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /^examples .*\b\d+ Secrets/m);
  assert.equal(existsSync(dirname(kubeconfig)), false);
  assert.deepEqual(
    readdirSync(home.path).filter((name) => name.startsWith("strongroom-demo-")),
    [],
  );
});
