/** The forms of answers: the shapes are as published, and no name can act in any of them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { parse } from "yaml";
import { programPath, TestHome } from "../cli/program.ts";
import { shapeErrors } from "./answer-schema.ts";
import { fixtureClusters } from "./fixture-cluster.ts";
import { run, subjectOf } from "./run-sight.ts";

test("Answers about every fixture cluster have the published shapes, in JSON and in YAML alike", async () => {
  for (const { name, claims } of fixtureClusters()) {
    const { secret, principal } = claims[0]!; // each cluster claims something
    const [place, subject] = [`${secret.namespace}/${secret.name}`, subjectOf(principal)];
    const asked: readonly (readonly [string, readonly string[]])[] = [
      ["who-can", ["who-can", place]],
      ["what-can", ["what-can", subject]],
      ["path", ["path", subject, `secret/${place}`]],
      ["paths", ["path", subject, `secret/${place}`, "--all"]],
    ];
    for (const [shape, words] of asked) {
      const json = await run(...words, "--dump", `${name}.yaml`, "-o", "json");
      assert.deepEqual([json.code, json.stderr], [0, ""], `${words.join(" ")} in ${name}`);
      const answer: unknown = JSON.parse(json.stdout);
      assert.deepEqual(shapeErrors(shape, answer), [], `${words.join(" ")} in ${name}`);
      const yaml = await run(...words, "--dump", `${name}.yaml`, "-o", "yaml");
      assert.deepEqual(parse(yaml.stdout), answer, `${words.join(" ")} in ${name}`);
    }
  }
});

test("The shapes refuse an answer that lacks a field or has another type in it", async () => {
  const { stdout } = await run("path", "user/named", "secret/a/db", "--dump", "get-secret.yaml", "-o", "json");
  const { from, ...answer } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual(shapeErrors("path", answer), [" must have required property 'from'"]);
  assert.deepEqual(shapeErrors("path", { ...answer, from, hops: "1" }), ["/hops must be integer"]);
  assert.deepEqual(shapeErrors("path", { ...answer, from, more: 1 }), []);
});

test("Pictures have each place and each step once", async () => {
  const ask = async (form: string) => (await run("who-can", "a/db", "--dump", "token-secret.yaml", "-o", form)).stdout;
  const dot = await ask("dot");
  assert.match(dot, /^digraph strongroom \{$/m);
  assert.equal(dot.match(/"ServiceAccount a\/app" -> "Secret a\/db" \[label="gets"\];/g)?.length, 1);
  assert.match(dot, /^ {2}"User token-reader" -> "Secret a\/app-token" \[label="gets"\];$/m);
  const mermaid = await ask("mermaid");
  assert.match(mermaid, /^flowchart LR$/m);
  assert.match(mermaid, /n\d+\["User token-reader"\] -->\|"gets"\| n\d+\["Secret a\/app-token"\]/);
});

const hostileNames = [
  "\u001b[2J\u202ejane",
  'x"]; end[label="pwned"];//',
  'y"] --> n0\n  click n0 "javascript:alert(1)"',
  "<script>alert(1)</script>",
  "a#quot;b`c`&lt;\\n\\",
  "- item: !!js/function\n# comment",
  "tag\u{e0041}\u2028line",
];

test("Names that are made to act in a form are text in it", () => {
  using home = new TestHome();
  const items = hostileNames.map((name, index) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { namespace: "a", name: `r${index}` },
    roleRef: { kind: "ClusterRole", name: "edit" },
    subjects: [{ kind: "User", name }],
  }));
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const ask = (form: string) => {
    const ran = spawnSync(programPath, ["who-can", "a/db", "--dump", "-", "-o", form], {
      input,
      env: home.env,
      encoding: "utf8",
    });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /^[\x20-\x7e\n]*$/, `${form} is plain to see`);
    return ran.stdout;
  };
  const readers = (answer: { readers: { principal: { name: string } }[] }) =>
    answer.readers.map(({ principal }) => principal.name).filter((name) => name !== "system:masters");
  assert.deepEqual(readers(JSON.parse(ask("json"))).toSorted(), hostileNames.toSorted());
  assert.deepEqual(readers(parse(ask("yaml"))).toSorted(), hostileNames.toSorted());
  ask("table");
  const string = String.raw`"(?:[^"\\]|\\\\|\\")*"`;
  const dotLines = ask("dot").trimEnd().split("\n").slice(3, -1);
  for (const line of dotLines) {
    assert.match(line, new RegExp(`^ {2}${string} -> ${string} \\[label=${string}\\];$`));
    assert.doesNotMatch(line, /&(?!amp;)/);
  }
  const label = String.raw`"(?:[\w ,./:-]|#\d+;)*"`;
  for (const line of ask("mermaid").trimEnd().split("\n").slice(1)) {
    assert.match(line, new RegExp(`^ {2}n\\d+(?:\\[${label}\\])? -->\\|${label}\\| n\\d+(?:\\[${label}\\])?$`));
  }
});

test("Another form is refused with the forms that there are", async () => {
  for (const words of [
    ["who-can", "a/db"],
    ["what-can", "user/x"],
    ["path", "user/x", "user/y"],
  ]) {
    const { code, stderr } = await run(...words, "--dump", "get-secret.yaml", "-o", "svg");
    assert.equal(code, 2);
    assert.match(stderr, /--output must be one of table, json, yaml, dot, mermaid/);
  }
});
