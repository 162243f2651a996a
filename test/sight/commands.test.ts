/** The commands of sight as they are typed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "../../src/cli/commands.ts";
import { shapeErrors } from "./answer-schema.ts";
import { runCommandLine } from "../../src/cli/run-command-line.ts";
import { programPath, TestHome } from "../cli/program.ts";
import type { WhatCanAnswer } from "../../src/sight/questions/what-can.ts";
import { fixtureClusters } from "./fixture-cluster.ts";

const clusters = join(import.meta.dirname, "clusters");

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [out, talk]: [string[], string[]] = [[], []];
  const output = {
    print: (text: string) => void out.push(`${text}\n`),
    write: (text: string) => void out.push(text),
    tell: (text: string) => void talk.push(`${text}\n`),
  };
  const environment = { home: "/h", xdgDataHome: undefined, workingDirectory: clusters, shellDirectory: clusters };
  const code = await runCommandLine({ commands, args, environment, output });
  return { code, stdout: out.join(""), stderr: talk.join("") };
}

test("who-can says who reads, by which rule of which role, bound where", async () => {
  const { code, stdout, stderr } = await run("who-can", "a/db", "--dump", "get-secret.yaml");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^Secret a\/db: 4 can read it, 4 of them directly\.$/m);
  assert.match(stdout, /^4\.5 medium: User named, directly$/m);
  const proof =
    "RoleBinding a/named (get-secret.yaml:35) gives Role a/named, whose rule 1 (get-secret.yaml:33) allows get on " +
    "secrets named x, db; get returns the secret with its values";
  assert.ok(stdout.includes(`  1. User named gets Secret a/db\n     since ${proof}\n     fix: `), stdout);
  assert.match(stdout, /^Unknown, since the dump has none: ServiceAccount, Pod, /m);
});

test("who-can -o json has the documented shape", async () => {
  const { code, stdout } = await run("who-can", "a/db", "--git", "exec-pod.yaml", "-o", "json");
  assert.equal(code, 0);
  const answer = JSON.parse(stdout);
  assert.deepEqual(Object.keys(answer), ["secret", "known", "coverage", "readers", "consumers"]);
  assert.deepEqual(answer.consumers, [{ kind: "Pod", name: "web", namespace: "a" }]);
  const reader = answer.readers.find(({ principal }: { principal: { name: string } }) => principal.name === "this-pod");
  assert.deepEqual(reader.principal, { kind: "User", name: "this-pod", namespace: "" });
  assert.deepEqual([reader.direct, reader.hops, reader.risk], [false, 2, 4.4]);
  assert.deepEqual(
    reader.path.map(({ edge, from, to }: Record<string, string>) => [edge, from, to]),
    [
      ["exec-pod", "User this-pod", "Pod a/web"],
      ["secret-in-pod", "Pod a/web", "Secret a/db"],
    ],
  );
  assert.deepEqual(
    reader.path[0].proof.map(({ object, rule }: Record<string, unknown>) => [object, rule]),
    [
      ["RoleBinding a/this-pod", undefined],
      ["Role a/this-pod", 1],
    ],
  );
});

test("who-can --direct and --max-hops leave out who goes further", async () => {
  const names = async (...flags: string[]) => {
    const { stdout } = await run("who-can", "a/db", "--dump", "token-secret.yaml", "-o", "json", ...flags);
    const { readers } = JSON.parse(stdout) as { readers: { principal: { name: string } }[] };
    return readers.map(({ principal }) => principal.name).toSorted();
  };
  assert.deepEqual(await names(), ["app", "system:masters", "token-reader"]);
  assert.deepEqual(await names("--direct"), ["app", "system:masters"]);
  assert.deepEqual(await names("--max-hops", "2"), ["app", "system:masters"]);
  assert.deepEqual(await names("--max-hops=3"), ["app", "system:masters", "token-reader"]);
});

test("who-can refuses what it does not understand with exit code 2 and says what must hold", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["who-can", "db", "--dump", "x"], /must be named as NAMESPACE\/NAME/],
    [["who-can", "a/db"], /the source must be named/],
    [["who-can", "a/db", "--dump", "x", "--git", "y"], /one source must be named/],
    [["who-can", "a/db", "--dump", "x", "-o", "xml"], /table, json, yaml, dot, mermaid/],
    [["who-can", "a/db", "--dump", "x", "--max-hops", "0"], /must be a number from 1/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, message);
  }
  const absent = await run("who-can", "a/db", "--dump", "absent.yaml");
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /ENOENT/);
});

test("who-can reads standard input, and shows hostile names without obeying them", () => {
  using home = new TestHome();
  const name = "\u001b[2J\u202ejane";
  const subject = { kind: "User", name };
  const metadata = { namespace: "a", name: "r" };
  const items = [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { kind: "ClusterRole", name: "edit" },
      subjects: [subject],
    },
  ];
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  for (const form of ["table", "json"]) {
    const ran = spawnSync(programPath, ["who-can", "a/db", "--dump", "-", "-o", form], {
      input,
      env: home.env,
      encoding: "utf8",
    });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /^[\x20-\x7e\n]*$/);
    assert.match(
      ran.stdout,
      form === "json" ? /\\u001b\[2J\\u202ejane/ : /User \\u\{1b\}\[2J\\u\{202e\}jane, directly/,
    );
  }
});

test("who-can tells of documents that it could not read", async () => {
  using home = new TestHome();
  writeFileSync(home.at("broken.yaml"), "kind: [\n");
  const alone = await run("who-can", "a/db", "--dump", home.path);
  assert.equal(alone.code, 2, "nothing found in what could not be read is no answer");
  assert.match(alone.stderr, /must hold an object that can be used: broken\.yaml:\d: the document must be valid YAML/);
  writeFileSync(home.at("fine.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n");
  const { code, stdout } = await run("who-can", "a/db", "--dump", home.path);
  assert.equal(code, 0);
  assert.match(stdout, /^Problem at broken\.yaml:\d: the document must be valid YAML/m);
});

test("path shows the steps between two things, or that none are known", async () => {
  const steps = async (from: string, to: string, file: string) => {
    const { code, stdout } = await run("path", from, to, "--dump", file, "-o", "json");
    assert.equal(code, 0);
    return (JSON.parse(stdout) as { path: { edge: string; to: string }[] }).path.map(({ edge, to: end }) => [
      edge,
      end,
    ]);
  };
  assert.deepEqual(await steps("user/token-reader", "sa/a/app", "token-secret.yaml"), [
    ["get-secret", "Secret a/app-token"],
    ["token-secret", "ServiceAccount a/app"],
  ]);
  assert.deepEqual(await steps("pod/a/web", "secret/a/db", "pod-identity.yaml"), [
    ["token-in-pod", "ServiceAccount a/app"],
    ["get-secret", "Secret a/db"],
  ]);
  assert.deepEqual(await steps("user/other-reader", "secret/a/db", "token-secret.yaml"), []);
  assert.deepEqual(await steps("user/nobody", "secret/a/db", "token-secret.yaml"), []);
  const { stdout } = await run("path", "user/other-reader", "secret/a/db", "--dump", "token-secret.yaml");
  assert.match(stdout, /^No path from user\/other-reader to secret\/a\/db is known\.$/m);
});

test("what-can tells whole namespaces once and other secrets by name", async () => {
  const ask = async (subject: string, file: string) => {
    const { code, stdout } = await run("what-can", subject, "--dump", file, "-o", "json");
    assert.equal(code, 0);
    const { namespaces, secrets, identities } = JSON.parse(stdout);
    return {
      namespaces: namespaces.map((each: { namespace: string; hops: number }) => [each.namespace, each.hops]),
      secrets: secrets.map((each: { secret: { name: string }; hops: number }) => [each.secret.name, each.hops]),
      identities: identities.map((each: { principal: { name: string } }) => each.principal.name),
    };
  };
  assert.deepEqual(await ask("user/maker", "new-pod-runs-as.yaml"), {
    namespaces: [
      ["a", 1],
      ["b", 2],
    ],
    secrets: [],
    identities: ["app"],
  });
  assert.deepEqual(await ask("user/named", "get-secret.yaml"), {
    namespaces: [],
    secrets: [
      ["db", 1],
      ["x", 1],
    ],
    identities: [],
  });
  assert.deepEqual((await ask("user/owner", "default-roles.yaml")).namespaces, [["*", 1]]);
  const { stdout } = await run("what-can", "user/writer", "--dump", "get-secret.yaml");
  assert.match(stdout, /^user\/writer comes to no secret that is known\.$/m);
});

test("what-can and who-can say the same of every principal", async () => {
  // A file does not say that it is of a Strongroom server, which some ways are of alone.
  const clustersOfFiles = fixtureClusters().filter(({ text }) => !/^# server /m.test(text));
  for (const { name, claims } of clustersOfFiles) {
    for (const { secret, principal, edge } of claims) {
      const subject = principal
        .replace("ServiceAccount ", "sa/")
        .replace(" ", "/")
        .replace(/^(User|Group|Node)/, (kind) => kind.toLowerCase());
      const { stdout } = await run("what-can", subject, "--dump", `${name}.yaml`, "-o", "json");
      const { namespaces, secrets } = JSON.parse(stdout) as WhatCanAnswer;
      const reached =
        namespaces.some(({ namespace }) => namespace === "*" || namespace === secret.namespace) ||
        secrets.some(({ secret: each }) => each.namespace === secret.namespace && each.name === secret.name);
      assert.equal(reached, edge !== undefined, `${principal} and ${secret.namespace}/${secret.name} in ${name}`);
    }
  }
});

test("path and what-can refuse what names nothing", async () => {
  for (const words of [
    ["what-can", "jane"],
    ["what-can", "sa/jane"],
    ["what-can", "thing/a/b"],
    ["what-can", "user/"],
    ["path", "user/a", "b"],
  ]) {
    const { code, stderr } = await run(...words, "--dump", "get-secret.yaml");
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, /must be one of user\/NAME/);
  }
  assert.equal((await run("path", "user/a", "--dump", "get-secret.yaml")).code, 2);
  assert.equal((await run("what-can", "--dump", "get-secret.yaml")).code, 2);
});

test("Of whom nothing names, what everybody of the kind can do is said, and that it is that", async () => {
  using home = new TestHome();
  const rbac = "apiVersion: rbac.authorization.k8s.io/v1";
  const bound = (name: string, group: string, secret: string) => `
${rbac}
kind: Role
metadata: {name: ${name}, namespace: a}
rules: [{verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: [${secret}]}]
---
${rbac}
kind: RoleBinding
metadata: {name: ${name}, namespace: a}
roleRef: {kind: Role, name: ${name}}
subjects: [{kind: Group, name: "${group}"}]
---`;
  const text = `${bound("all", "system:authenticated", "db")}${bound("pods", "system:serviceaccounts:b", "tls")}`;
  writeFileSync(home.at("c.yaml"), text);
  const secrets = async (subject: string) => {
    const { code, stdout } = await run("what-can", subject, "--dump", home.at("c.yaml"), "-o", "json");
    assert.equal(code, 0);
    const answer = JSON.parse(stdout);
    assert.deepEqual(shapeErrors("what-can", answer), []);
    return [answer.asMemberOf, answer.secrets.map(({ secret }: { secret: { name: string } }) => secret.name)];
  };
  assert.deepEqual(await secrets("user/anybody"), ["Group system:authenticated", ["db"]]);
  assert.deepEqual(await secrets("sa/b/new"), ["Group system:serviceaccounts:b", ["db", "tls"]]);
  assert.deepEqual(await secrets("sa/c/new"), ["Group system:authenticated", ["db"]]);
  assert.deepEqual(await secrets("group/people"), ["Group system:authenticated", ["db"]]);
  assert.deepEqual(await secrets("user/system:anonymous"), [undefined, []]);
  assert.deepEqual(await secrets("group/system:authenticated"), [undefined, ["db"]]);
  const told = await run("path", "user/anybody", "secret/a/db", "--dump", home.at("c.yaml"));
  assert.match(told.stdout, /^Nothing in the source names user\/anybody: this is of Group system:authenticated/);
  assert.match(told.stdout, /Group system:authenticated gets Secret a\/db/);
  const none = await run("path", "user/anybody", "user/other", "--dump", home.at("c.yaml"));
  assert.match(none.stdout, /No path from user\/anybody to user\/other is known/);
});
