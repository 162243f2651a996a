/** What scan finds, and what it must not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { commands } from "../../src/cli/commands.ts";
import { runCommandLine } from "../../src/cli/run-command-line.ts";
import { scan } from "../../src/sight/findings/scan.ts";
import { scoreOf, severityOf } from "../../src/sight/findings/score.ts";
import { edgeRules } from "../../src/sight/graph/edge-rules.ts";
import { readFiles } from "../../src/sight/sources/file-source.ts";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { fixtureClusters, graphOf } from "./fixture-cluster.ts";

const examples = resolve(import.meta.dirname, "..", "..", "examples");

function idsOf(text: string): string[] {
  return scan(graphOf(text)).findings.map(({ id }) => id);
}

const account = (name: string) => `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ${name}, namespace: a}\n`;
const secret = (name: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: a}\n`;

function bind(kind: "RoleBinding" | "ClusterRoleBinding", role: string, subject: string): string {
  const [roleKind = "", roleName = ""] = role.split(" ");
  const place = kind === "RoleBinding" ? ", namespace: a" : "";
  return [
    "apiVersion: rbac.authorization.k8s.io/v1",
    `kind: ${kind}`,
    `metadata: {name: b${place}}`,
    `roleRef: {kind: ${roleKind}, name: "${roleName}"}`,
    `subjects: [${subject}]`,
    "",
  ].join("\n");
}

const jane = "{kind: User, name: jane}";

test("Of the examples, what is wrong with them is found and nothing else", async () => {
  const { findings } = scan(buildGraph(await readFiles("manifests", examples)));
  assert.deepEqual(
    findings.map(({ check, message }) => [check, message]),
    [
      ["SR-LEAK-011", "Secret default/shop-tls is declared with its value in the clear"],
      ["SR-LEAK-011", "Secret kube-system/bootstrap-token-examp1 is declared with its value in the clear"],
      [
        "SR-CONT-011",
        "A token of an account that does not expire: Secret default/default-token in type, it holds a token without an end",
      ],
      [
        "SR-REF-001",
        "Pod default/dangling-reference needs Secret default/file-secret, which no manifest declares: without it, it does not start",
      ],
    ],
  );
  const pod = readFileSync(join(examples, "pods", "dangling-reference.yaml"), "utf8");
  const credential = readFileSync(join(examples, "secrets", "file-credential.yaml"), "utf8");
  const pair = `${pod}\n---\n${credential}`;
  assert.deepEqual(idsOf(pair), ["SR-REF-001/Pod default/dangling-reference/file-secret"]);
  assert.deepEqual(idsOf(pair.replace("secretName: file-secret", "secretName: file-credential")), []);
});

test("A secret that may be missing is not missed, and without any secrets nothing is known to be", () => {
  const pod = (optional: boolean) =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\nspec: {volumes: [{secret: {secretName: x, optional: ${optional}}}]}\n`;
  assert.deepEqual(idsOf(`${secret("other")}---\n${pod(false)}`), ["SR-REF-001/Pod a/p/x"]);
  assert.deepEqual(idsOf(`${secret("other")}---\n${pod(true)}`), []);
  assert.deepEqual(idsOf(pod(false)), []);
});

test("Bindings to roles and accounts that are not there are found where the source has such things", () => {
  const ghost = "{kind: ServiceAccount, name: ghost, namespace: a}";
  const role = (name: string) =>
    `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: ${name}, namespace: a}\n`;
  const toNothing = bind("RoleBinding", "Role gone", jane);
  assert.deepEqual(idsOf(`${role("other")}---\n${toNothing}`), ["SR-REF-002/RoleBinding a/b"]);
  assert.deepEqual(idsOf(`${role("gone")}---\n${toNothing}`), []);
  assert.deepEqual(idsOf(toNothing), [], "no roles in the source: unknown");
  assert.deepEqual(idsOf(`${role("gone")}---\n${bind("RoleBinding", "ClusterRole view", jane)}`), []);
  const toGhost = `${role("gone")}---\n${bind("RoleBinding", "Role gone", ghost)}`;
  assert.deepEqual(idsOf(`${account("web")}---\n${toGhost}`), ["SR-REF-003/RoleBinding a/b/ServiceAccount a/ghost"]);
  assert.deepEqual(idsOf(`${account("ghost")}---\n${toGhost}`), []);
});

test("Grants are the worse the more they reach and the more may use them", () => {
  const severities = (text: string) => scan(graphOf(text)).findings.map(({ check, severity }) => [check, severity]);
  const everybody = '{kind: Group, name: "system:authenticated"}';
  assert.deepEqual(severities(bind("RoleBinding", "ClusterRole edit", jane)), [["SR-ACC-006", "medium"]]);
  assert.deepEqual(severities(bind("ClusterRoleBinding", "ClusterRole edit", jane)), [["SR-ACC-003", "high"]]);
  assert.deepEqual(severities(bind("ClusterRoleBinding", "ClusterRole cluster-admin", jane)), [["SR-ACC-002", "high"]]);
  assert.deepEqual(severities(bind("RoleBinding", "ClusterRole edit", everybody)), [["SR-ACC-003", "critical"]]);
  const own = '{kind: Group, name: "system:masters"}, {kind: ServiceAccount, name: x, namespace: kube-system}';
  assert.deepEqual(severities(bind("ClusterRoleBinding", "ClusterRole cluster-admin", own)), []);
  assert.deepEqual(severities(bind("ClusterRoleBinding", "ClusterRole view", jane)), []);
});

test("One role given to the same ones in many namespaces is one finding, and a further namespace is another", () => {
  const grants = (...namespaces: string[]) =>
    namespaces
      .map((namespace) =>
        bind("RoleBinding", "ClusterRole edit", "{kind: Group, name: ops}").replace(
          "namespace: a",
          `namespace: ${namespace}`,
        ),
      )
      .join("---\n");
  const found = (text: string) => scan(graphOf(text)).findings.filter(({ check }) => check === "SR-ACC-006");
  const [one, ...none] = found(grants("b", "a", "d", "c"));
  assert.deepEqual(none, []);
  assert.equal(one?.message, "Group ops may read every secret in 4 namespaces (a, b, c and more), by ClusterRole edit");
  assert.equal(one.id, "SR-ACC-006/Group ops/ClusterRole edit/a,b,c,d");
  assert.equal(one.evidence.length, 8);
  assert.notEqual(found(grants("a", "b", "c"))[0]?.id, one.id);
  const many = Array.from({ length: 300 }, (_, n) => `n${n}`);
  const [id, next] = [found(grants(...many))[0]?.id ?? "", found(grants(...many, "more"))[0]?.id];
  assert.ok(id.startsWith("SR-ACC-006/Group ops/ClusterRole edit/300 namespaces ") && id.length < 100 && id !== next);
});

const node = (name: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p-${name}, namespace: a}\nspec: {nodeName: ${name}, serviceAccountName: op}\n`;
const operator = `${account("op")}---\n${bind("ClusterRoleBinding", "ClusterRole edit", "{kind: ServiceAccount, name: op, namespace: a}")}`;

test("Who comes to every secret by several steps is found with the path, nodes of one account once", () => {
  const { findings } = scan(graphOf([operator, node("n1"), node("n2")].join("---\n")));
  const wide = findings.filter(({ check }) => check === "SR-ACC-001");
  assert.deepEqual(
    wide.map(({ message, path }) => [message, path.map(({ edge }) => edge)]),
    [
      [
        "every Node that runs ServiceAccount a/op (2 of them) comes to every secret of the cluster in 2 steps",
        ["node-requests-token", "get-secret"],
      ],
    ],
  );
});

test("A score is what its factors give, and a patch is JSON for an object that is named", () => {
  const all = fixtureClusters().map(({ text }) => text);
  for (const { score, severity, id, fingerprint, patch, verify, frameworks } of scan(graphOf(all.join("\n---\n")))
    .findings) {
    assert.equal(scoreOf(score), score.value, id);
    assert.equal(severityOf(score.value), severity, id);
    assert.match(fingerprint, /^[0-9a-f]{32}$/);
    assert.ok(/^(?:kubectl|strongroom) /.test(verify.command), id);
    assert.ok(Object.values(frameworks).flat().length > 0, id);
    if (patch !== undefined)
      for (const text of patch.text.split("\n---\n")) assert.equal(typeof JSON.parse(text), "object");
  }
});

test("Of the sources that come to one secret, the likeliest is told first", () => {
  const text = [
    secret("db"),
    bind("RoleBinding", "Role reader", "{kind: Group, name: a-team}, {kind: Group, name: 'system:authenticated'}"),
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader, namespace: a}",
    "rules: [{verbs: [get], apiGroups: [''], resources: [secrets]}]\n",
  ];
  const [first, second, third, ...rest] = text;
  const { findings } = scan(graphOf([first, second, `${third}\n${rest.join("\n")}`].join("---\n")));
  const risks = findings.filter(({ check }) => check === "SR-RSK-001").map(({ id, score }) => [id, score.value]);
  assert.deepEqual(
    risks.map(([id]) => id),
    ["SR-RSK-001/Group system:authenticated/get-secret", "SR-RSK-001/Group a-team/get-secret"],
  );
  assert.equal(risks[0]?.[1], risks[1]?.[1]);
});

test("A finding has the same id whatever the order of the input, and shows places and a fix", () => {
  const all = fixtureClusters().map(({ text }) => text);
  const found = scan(graphOf(all.join("\n---\n"))).findings;
  assert.ok(found.length > 20);
  for (const { evidence, fix, id } of found) assert.ok(evidence.length > 0 && fix !== "", id);
  const reversed = scan(graphOf(all.toReversed().join("\n---\n"))).findings;
  assert.deepEqual(new Set(reversed.map(({ id }) => id)), new Set(found.map(({ id }) => id)));
});

test("Every edge has an ease between 0 and 1, and every step that is one a fix", () => {
  for (const { id, ease, free, fix, explanation, source } of edgeRules) {
    assert.ok(ease > 0 && ease <= 1 && explanation !== "" && source !== "", id);
    assert.ok(free || fix !== "", id);
  }
});

test("scan --fail-on exits with 5 from that severity on", async () => {
  const lines: string[] = [];
  const output = {
    print: (text: string) => void lines.push(text),
    write: (text: string) => void lines.push(text),
    tell: (text: string) => void lines.push(text),
  };
  const environment = { home: "/h", xdgDataHome: undefined, workingDirectory: examples, shellDirectory: examples };
  const run = (...args: string[]) => runCommandLine({ commands, args: ["scan", ...args], environment, output });
  assert.equal(await run("--git", "."), 0);
  assert.equal(await run("--git", ".", "--fail-on", "low"), 5);
  assert.equal(await run("--git", ".", "--fail-on", "high"), 0);
  assert.equal(await run("--git", ".", "--fail-on", "bad"), 2);
  assert.equal(await run(), 2);
  assert.ok(lines.join("").includes("4 findings: 0 critical, 0 high, 3 medium, 1 low, 0 info.\n"));
});
