import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";

import { parse } from "yaml";

import { Redacted } from "../../crypto/redacted.ts";
import { renderKubeconfig, writeKubeconfig } from "./kubeconfig.ts";

const directory = await mkdtemp(join(tmpdir(), "strongroom-kubeconfig-"));
after(async () => await rm(directory, { recursive: true }));

const content = {
  serverUrl: "https://[::1]:8443",
  caPem: "-----BEGIN CERTIFICATE-----\nca\n",
  client: { certPem: "cert ".repeat(100), keyPem: new Redacted("canary key") },
  contextName: "strongroom",
  userName: "admin",
};

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

test("renderKubeconfig gives one cluster, user and context, with the certificates inside", () => {
  const rendered = renderKubeconfig(content);
  assert.deepEqual(parse(rendered.reveal()), {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "strongroom",
        cluster: { "certificate-authority-data": base64(content.caPem), server: content.serverUrl },
      },
    ],
    users: [
      {
        name: "admin",
        user: { "client-certificate-data": base64(content.client.certPem), "client-key-data": base64("canary key") },
      },
    ],
    contexts: [{ name: "strongroom", context: { cluster: "strongroom", user: "admin" } }],
    "current-context": "strongroom",
  });
  assert.ok(!inspect(rendered, { showHidden: true }).includes(base64("canary key")));
  assert.ok(
    rendered
      .reveal()
      .split("\n")
      .every((line) => !/^\s*[>|]|: [>|]/.test(line)),
    "no folded text",
  );
});

test("renderKubeconfig quotes names that YAML would read as something else", () => {
  for (const name of [
    "yes",
    "1",
    "0o17",
    "null",
    "a: b",
    "- a",
    "#a",
    "'",
    '"',
    "*a",
    "{}",
    "größe",
    "1_000",
    "12:30",
    "",
  ]) {
    const text = renderKubeconfig({ ...content, contextName: name, userName: name }).reveal();
    for (const version of ["1.1", "1.2"] as const) {
      const config = parse(text, { version }) as { users: { name: unknown }[]; "current-context": unknown }; // as rendered
      assert.deepEqual([config.users[0]?.name, config["current-context"]], [name, name], text);
    }
  }
});

test("writeKubeconfig replaces what is there, for the owner only, without following a link", async () => {
  const path = join(directory, "sub", "admin.kubeconfig");
  await writeKubeconfig(path, new Redacted("one"));
  await chmod(path, 0o644);
  await writeKubeconfig(path, new Redacted("two"));
  assert.equal(await readFile(path, "utf8"), "two");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const target = join(directory, "target");
  await writeFile(target, "untouched");
  const link = join(directory, "sub", "link.kubeconfig");
  await symlink(target, link);
  await writeKubeconfig(link, new Redacted("three"));
  assert.equal(await readFile(target, "utf8"), "untouched");
  assert.equal(await readFile(link, "utf8"), "three");
  assert.deepEqual((await readdir(join(directory, "sub"))).sort(), ["admin.kubeconfig", "link.kubeconfig"]);
});
