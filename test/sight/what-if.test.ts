/** What a change changes, by what it says and by asking both states about every secret. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { assert as assertProperty, constantFrom, nat, property, subarray } from "fast-check";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import type { SecurityGraph } from "../../src/sight/graph/security-graph.ts";
import type { AccessGain } from "../../src/sight/questions/access-change.ts";
import { applied, deleted } from "../../src/sight/questions/changed-facts.ts";
import { objectText } from "../../src/sight/questions/principal.ts";
import { accessChange, whatIf } from "../../src/sight/questions/what-if.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { readText } from "../../src/sight/sources/file-source.ts";
import { codeOf, markdownCharactersMax } from "../../src/cli/access-change-markdown.ts";
import { TestHome } from "../cli/program.ts";
import { shapeErrors } from "./answer-schema.ts";
import { fixtureClusters } from "./fixture-cluster.ts";
import { run, runIn } from "./run-sight.ts";

const clusters = fixtureClusters();
const everything = { onlyDirect: false, hopsMax: Infinity };
const factsOf = (text: string) => readText("dump", "cluster.yaml", text);
const manifestsOf = (text: string) => readText("manifests", "change.yaml", text);

function documentsOf(text: string): string[] {
  return text.split(/^---\n/m).filter((document) => /^kind:/m.test(document));
}

const joined = (documents: readonly string[]) => documents.join("---\n");

test("Applying what is there, or nothing, changes nothing, and deleting what is not there neither", () => {
  for (const { name, text } of clusters) {
    const facts = factsOf(text);
    for (const change of [
      whatIf(facts, manifestsOf(text), "apply"),
      whatIf(facts, manifestsOf(""), "apply"),
      whatIf(factsOf(""), manifestsOf(text), "delete"),
    ]) {
      assert.deepEqual([change.gained, change.lost, change.unresolved], [[], [], []], name);
      assert.ok(
        change.changes.every(({ action }) => action === "none"),
        name,
      );
    }
  }
});

/** Whether a gain says that somebody reads a secret. */
function says(gains: readonly AccessGain[], principal: string, secret: { namespace: string; name: string }): boolean {
  return gains.some(({ principal: who, secrets: { namespace, name } }) => {
    const isOf = (namespace === "*" || namespace === secret.namespace) && (name === "*" || name === secret.name);
    return isOf && objectText(who) === principal;
  });
}

function readersOf(graph: SecurityGraph, secret: { namespace: string; name: string }): Set<string> {
  return new Set(whoCan(graph, secret, everything).readers.map(({ principal }) => objectText(principal)));
}

/** Secrets that claims are about, that there are, and one that nobody has thought of. */
function secretsOf(graphs: readonly SecurityGraph[]): { namespace: string; name: string }[] {
  const known = graphs.flatMap(({ facts }) => [...facts.of("Secret")]);
  const places = new Map(known.map(({ namespace, name }) => [`${namespace}/${name}`, { namespace, name }]));
  for (const namespace of ["a", "b", "elsewhere"]) places.set(`${namespace}/free`, { namespace, name: "free" });
  for (const namespace of ["a", "b"]) places.set(`${namespace}/db`, { namespace, name: "db" });
  return [...places.values()];
}

test("Between any two states, what is gained and lost is what asking both about each secret says", () => {
  let gains = 0;
  assertProperty(
    property(
      constantFrom(...clusters),
      constantFrom(...clusters),
      subarray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
      nat(100),
      (one, other, left, seed) => {
        const documents = [...documentsOf(one.text), ...documentsOf(other.text)];
        const before = buildGraph(factsOf(joined(documents.filter((_, index) => !left.includes(index)))));
        const after = buildGraph(factsOf(joined(documents.filter((_, index) => index % 7 !== seed % 7))));
        const { gained, lost } = accessChange(before, after);
        gains += gained.length;
        for (const secret of secretsOf([before, after])) {
          const [old, now] = [readersOf(before, secret), readersOf(after, secret)];
          const place = `${secret.namespace}/${secret.name} of ${one.name} and ${other.name}`;
          for (const who of now) {
            if (!old.has(who)) assert.ok(says(gained, who, secret), `${who} gains ${place}`);
          }
          for (const who of old) {
            if (!now.has(who)) assert.ok(says(lost, who, secret), `${who} loses ${place}`);
          }
          for (const { principal, secrets } of gained) {
            if (secrets.namespace !== secret.namespace || secrets.name !== secret.name) continue;
            const who = objectText(principal);
            assert.ok(now.has(who) && !old.has(who), `${who} is said to gain ${place}`);
          }
        }
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(gains > 100, `the states differ: ${gains}`);
});

test("Deleting what was applied takes away what it gave, and no more", () => {
  let undone = 0;
  for (const [index, { name, text }] of clusters.entries()) {
    const other = clusters[(index + 1) % clusters.length]?.text ?? "";
    const base = factsOf(other.replaceAll(/namespace: ([ab])\b/g, "namespace: other-$1"));
    const change = applied(base, manifestsOf(text));
    const created = change.changes.filter(({ action }) => action === "create").map(({ object }) => object);
    if (created.length < change.changes.length) continue; // what was there before is gone after
    const back = deleted(change.after, manifestsOf(text));
    const { gained, lost } = accessChange(buildGraph(base), buildGraph(back.after));
    assert.deepEqual([gained, lost], [[], []], name);
    undone++;
  }
  assert.ok(undone > 5);
});

const viewers = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: whole}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {part: "true"}}]}
rules: [{verbs: [get], apiGroups: [""], resources: [secrets]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: part, labels: {part: "true"}}
rules: [{verbs: [get], apiGroups: [""], resources: [secrets]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: whole}
subjects: [{kind: User, name: jane}]
`;

test("Rules that a cluster gathered into a role go with the role that they came from", () => {
  const part = documentsOf(viewers)[1] ?? "";
  const change = whatIf(factsOf(viewers), manifestsOf(part), "delete");
  assert.deepEqual(
    change.lost.map(({ principal, secrets }) => [principal.name, secrets]),
    [["jane", { namespace: "*", name: "*" }]],
  );
});

test("With a namespace goes what is in it", () => {
  const text = clusters.find(({ name }) => name === "get-secret")?.text ?? "";
  const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";
  const change = whatIf(factsOf(`${text}---\n${namespace}`), manifestsOf(namespace), "delete");
  assert.deepEqual(change.lost.map(({ principal }) => principal.name).toSorted(), [
    "all",
    "named",
    "named",
    "other-name",
  ]);
});

const binding = (role: string, subject: string) =>
  JSON.stringify({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "new", namespace: "a" },
    roleRef: { kind: "ClusterRole", name: role },
    subjects: [{ kind: "User", name: subject }],
  });

test("what-if says as sentences who would gain and lose what, and its exit code is for pipelines", async () => {
  using home = new TestHome();
  writeFileSync(home.at("gain.json"), binding("edit", "joe"));
  writeFileSync(home.at("unknown.json"), binding("who-knows", "joe"));
  writeFileSync(home.at("broken.yaml"), "kind: [\n");
  writeFileSync(home.at("other.yaml"), "apiVersion: v1\nkind: Widget\nmetadata: {name: x}\n");
  const ask = (...words: string[]) => run("what-if", "--dump", "get-secret.yaml", ...words);
  const gain = await ask("-f", home.at("gain.json"));
  assert.deepEqual([gain.code, gain.stderr], [5, ""]);
  assert.match(gain.stdout, /^Applying this: 1 identity gains secrets, nobody loses a secret\.$/m);
  assert.match(gain.stdout, /^gains: User joe would read every Secret of a, directly$/m);
  assert.match(gain.stdout, /^ {2}1\. User joe gets every Secret of a$/m);
  assert.match(gain.stdout, /^RoleBinding a\/new is new\.$/m);
  const both = await ask("-f", home.at("gain.json"), "-f", "get-secret.yaml", "--delete");
  assert.equal(both.code, 0);
  assert.match(both.stdout, /^loses: User named would no longer read Secret a\/db, directly$/m);
  assert.match(both.stdout, /^Of 1 object, each is not there\.$/m);
  const unknown = await ask("-f", home.at("unknown.json"));
  assert.equal(unknown.code, 5);
  assert.match(unknown.stdout, /^Unknown: what RoleBinding a\/new gives, since ClusterRole who-knows is not there\.$/m);
  const other = await ask("-f", home.at("other.yaml"));
  assert.equal(other.code, 0);
  assert.match(other.stdout, /^Objects of other kinds, which decide nothing about secrets: 1\.$/m);
  const broken = await ask("-f", home.at("broken.yaml"));
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /must be valid YAML/);
  const partly = await ask("-f", home.at("broken.yaml"), "-f", home.at("other.yaml"));
  assert.equal(partly.code, 5, "what cannot be read may give anything");
  assert.equal((await ask()).code, 2);
  const json = await ask("-f", home.at("gain.json"), "-o", "json");
  assert.deepEqual(shapeErrors("what-if", JSON.parse(json.stdout)), []);
  assert.match((await ask("-f", home.at("gain.json"), "-o", "dot")).stdout, /"User joe" -> "every Secret of a"/);
});

test("sight ci says for two trees who gains what, in Markdown that names cannot format", async () => {
  using home = new TestHome();
  const names = [
    "jane",
    "@everyone",
    "`x` <img src=x onerror=alert(1)>",
    "[a](http://b)\n# c",
    "``",
    "www.example.com",
  ];
  for (const tree of ["base", "head"]) mkdirSync(home.at(tree));
  for (const tree of ["base", "head"]) writeFileSync(home.at(tree, "old.json"), binding("edit", "old"));
  const items = names.map((name, index) => {
    const made = JSON.parse(binding("edit", name)) as { metadata: object };
    return { ...made, metadata: { name: `n${index}`, namespace: "b" } };
  });
  writeFileSync(home.at("head", "new.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const ci = (base: string, head: string, ...words: string[]) =>
    runIn(home.path, "sight", "ci", "--base", base, "--head", head, ...words);
  const { code, stdout } = await ci("base", "head");
  assert.equal(code, 5);
  assert.match(stdout, /With this change, \*\*6 identities gain secrets\*\*\./);
  assert.match(stdout, /^- `User jane` \*\*gains\*\* `every Secret of b`, directly$/m);
  const outsideCode = stdout.replaceAll(/(`+)(?!`).+?(?<!`)\1(?!`)/g, "");
  assert.doesNotMatch(outsideCode, /[<@[]|http|www|# c/);
  const same = await ci("head", "head");
  assert.equal(same.code, 0);
  assert.match(same.stdout, /gives nobody a secret, and takes none/);
  const back = await ci("head", "base");
  assert.equal(back.code, 0, "losing is no reason to stop a change");
  assert.match(back.stdout, /\*\*no longer reads\*\*/);
  const json = await ci("base", "head", "-o", "json");
  assert.deepEqual(shapeErrors("sight-ci", JSON.parse(json.stdout)), []);
  writeFileSync(home.at("head", "broken.yaml"), "kind: [\n");
  assert.match((await ci("head", "base")).stdout, /\*\*no longer reads\*\*/);
  const broken = await ci("base", "head");
  assert.match(broken.stdout, /^- \*\*Not read\*\*: `broken\.yaml:\d`: `the document must be valid YAML/m);
  assert.equal((await ci("base", "head", "-o", "html")).code, 2);
  assert.equal((await runIn(home.path, "sight", "ci", "--base", "base")).code, 2);
});

test("The Markdown of any change fits into a comment, and says what is left out", async () => {
  using home = new TestHome();
  for (const tree of ["base", "head"]) mkdirSync(home.at(tree));
  const items = Array.from({ length: 3000 }, (_, index) => {
    const made = JSON.parse(binding("edit", `${"long".repeat(500)}${index}`)) as { metadata: object };
    return { ...made, metadata: { name: `n${index}`, namespace: "b" } };
  });
  writeFileSync(home.at("head", "new.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const { stdout } = await runIn(home.path, "sight", "ci", "--base", "base", "--head", "head");
  assert.ok(stdout.length <= markdownCharactersMax, `${stdout.length}`);
  assert.match(stdout, /^\.\.\. and \d{4} more; `-o json` has all\.$/m);
});

test("A code span holds any text", () => {
  assert.equal(codeOf("a"), "`a`");
  assert.equal(codeOf("a`b``c"), "```a`b``c```");
  assert.equal(codeOf("`"), "`` ` ``");
  assert.equal(codeOf("a\nb"), "`a\\u{a}b`");
});

test("A kind that only the change brings is no better known by it", () => {
  const source = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a}
spec: {serviceAccountName: app, nodeName: n}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: a}
roleRef: {kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: app}]
`;
  const other = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: other, namespace: a}\n";
  const change = whatIf(factsOf(source), manifestsOf(other), "apply");
  assert.deepEqual([change.gained, change.lost], [[], []], "app may be there as before");
});
