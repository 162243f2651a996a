import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { placeText } from "../facts/provenance.ts";
import { readFiles, readText } from "./file-source.ts";
import { yamlCharactersMax } from "./manifest-documents.ts";

const role = `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: a}
rules:
- {verbs: [get], apiGroups: [""], resources: [secrets]}
- verbs: [list]
  apiGroups: [""]
  resources: [pods]
`;

const secret = (value: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    name: "db",
    namespace: "a",
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": value },
  },
  data: { password: value },
  stringData: { also: value },
});

test("Facts carry the file, the document and the line of what they say", () => {
  const facts = readText("manifests", "roles.yaml", `# a comment\n---\n${role}`);
  const [fact] = facts.of("Role");
  assert.ok(fact !== undefined);
  assert.equal(placeText(fact.at), "roles.yaml:3");
  assert.deepEqual(
    fact.rules.map(({ number, at }) => [number, placeText(at)]),
    [
      [1, "roles.yaml:7"],
      [2, "roles.yaml:8"],
    ],
  );
});

test("The items of a list know their number, and their line where the list is YAML", () => {
  const list = { apiVersion: "v1", kind: "List", items: [{ a: 1 }, secret("x")] };
  const asJson = readText("dump", "all.json", JSON.stringify(list));
  const asYaml = readText("dump", "all.yaml", `# yaml\n${JSON.stringify(list, undefined, 1)}`);
  assert.deepEqual(
    [asJson, asYaml].map((facts) => facts.of("Secret").map(({ at }) => placeText(at))),
    [["all.json (item 2)"], ["all.yaml:9"]],
  );
});

test("A Secret is its name, its type and its keys; its values are in no fact, problem or coverage", () => {
  for (const text of [
    JSON.stringify(secret("c2VjcmV0")),
    `# yaml\n${JSON.stringify(secret("c2VjcmV0"))}`,
    JSON.stringify({ kind: "SecretList", apiVersion: "v1", items: [secret("c2VjcmV0"), secret("c2VjcmV0IQ==")] }),
  ]) {
    const facts = readText("dump", "f", text);
    const [fact] = facts.of("Secret");
    assert.deepEqual(fact?.keys, ["also", "password"]);
    assert.doesNotMatch(inspect([fact, facts.coverage], { depth: Infinity }), /c2VjcmV0/);
  }
});

test("A kind that a dump does not have is unknown; one that a typed list shows empty is not", () => {
  const facts = readText("dump", "f", JSON.stringify({ kind: "NodeList", apiVersion: "v1", items: [] }));
  assert.equal(facts.knows("Node"), true);
  assert.equal(facts.coverage.objects.Node, 0);
  assert.equal(facts.knows("Role"), false);
  assert.ok(facts.coverage.unknown.includes("Role"));
  assert.ok(!readText("dump", "f", `{"kind": "List", "apiVersion": "v1", "items": []}`).knows("Node"));
});

test("A kind is one of its API group", () => {
  const facts = readText("dump", "f", role.replace("rbac.authorization.k8s.io/v1", "example.com/v1"));
  assert.deepEqual([facts.of("Role").length, facts.coverage.otherObjects], [0, 1]);
});

test("Documents that cannot be read are reported with their line, and the others are read", () => {
  const facts = readText(
    "dump",
    "f.yaml",
    `a: [\n---\n${role}---\nkind: Role\nkind: Role\n---\n{{ template }}: {{ x }}\n`,
  );
  assert.equal(facts.of("Role").length, 1);
  const places = facts.coverage.problems.map(({ at }) => at.document);
  assert.deepEqual(places, [1, 3, 4]);
  assert.match(facts.coverage.problems[0]?.message ?? "", /must be valid YAML/);
});

test("What is said of a document that cannot be read quotes nothing of it", () => {
  for (const broken of [
    "c2VjcmV0: }c2VjcmV0",
    "a: *c2VjcmV0",
    "a: 'c2VjcmV0",
    "c2VjcmV0\n}",
    "a: !!c2VjcmV0 x\n  c2VjcmV0",
    "? c2VjcmV0\n: - }",
  ]) {
    const { problems } = readText("dump", "f.yaml", `kind: Secret\ndata:\n  ${broken}\n`).coverage;
    assert.ok(problems.length > 0, broken);
    assert.doesNotMatch(JSON.stringify(problems), /c2VjcmV0/);
  }
});

test("Aliases that multiply are refused and reported", () => {
  const bomb = ["a0: &a0 [x, x]", ...[1, 2, 3, 4, 5, 6, 7].map((n) => `a${n}: &a${n} [${`*a${n - 1}, `.repeat(9)}]`)];
  const { problems } = readText("dump", "f.yaml", bomb.join("\n")).coverage;
  assert.match(problems[0]?.message ?? "", /the aliases of the document/);
});

test("YAML that is too large to be read is reported, with what to do", () => {
  const facts = readText("dump", "f.yaml", role + "#".repeat(yamlCharactersMax));
  assert.deepEqual([facts.of("Role").length, facts.coverage.problems.length], [0, 1]);
  assert.match(facts.coverage.problems[0]?.message ?? "", /kubectl get -o json/);
});

test("Names that are not text are reported, as the API server would refuse them", () => {
  const facts = readText("dump", "f.yaml", role.replace("name: reader", "name: on"));
  assert.deepEqual(
    facts.coverage.problems.map(({ message }) => message),
    ["Role must have a name that is text"],
  );
});

test("A repeated object is reported once and kept once; a contradicting one is kept beside the first", () => {
  const same = readText("dump", "f.yaml", `${role}---\n${role}`);
  assert.equal(same.of("Role").length, 1);
  assert.match(same.coverage.problems[0]?.message ?? "", /Role a\/reader is also at f.yaml:1, the same again/);
  const other = readText("dump", "f.yaml", `${role}---\n${role.replace("[list]", "[watch]")}`);
  assert.equal(other.of("Role").length, 2);
  assert.match(other.coverage.problems[0]?.message ?? "", /both are taken into account/);
});

test("A folder is read with what is below it; git's own files are passed over, links are reported", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sr-"));
  try {
    mkdirSync(join(folder, "below", ".git"), { recursive: true });
    writeFileSync(join(folder, "below", "role.yml"), role);
    writeFileSync(join(folder, "below", ".git", "role.yml"), role);
    writeFileSync(join(folder, "values.yaml"), "replicas: 2\n");
    writeFileSync(join(folder, "notes.txt"), "{");
    symlinkSync("/nowhere", join(folder, "link.yaml"));
    const facts = await readFiles("manifests", folder);
    assert.deepEqual(
      facts.of("Role").map(({ at }) => placeText(at)),
      ["below/role.yml:1"],
    );
    assert.equal(facts.coverage.files, 2);
    assert.deepEqual(
      facts.coverage.problems.map(({ at }) => at.file),
      ["link.yaml"],
    );
    await assert.rejects(readFiles("dump", join(folder, "absent")), { code: "ENOENT" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("A template that was not rendered is told what renders it", () => {
  const problems = (text: string) =>
    readText("manifests", "t.yaml", text).coverage.problems.map(({ message }) => message);
  assert.match(
    problems("metadata: {{ .Values.x }}\n  labels: y\n")[0] ?? "",
    /must be valid YAML: .*; a template must be rendered first/,
  );
  assert.match(problems("kind: [\n")[0] ?? "", /^the document must be valid YAML: [a-z ]+$/);
});

test("Who wants to know is told of each file before it is read, with how many were before it", () => {
  const seen: [string, number][] = [];
  const onFile = (shown: string, before: number) => void seen.push([shown, before]);
  readText("dump", "one.yaml", "", { onFile });
  assert.deepEqual(seen, [["one.yaml", 0]]);
});

test("A file is UTF-8 or UTF-16, with its mark or without", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sr-text-"));
  try {
    const text = "apiVersion: v1\nkind: Node\nmetadata: {name: nöde}\n";
    const little = Buffer.from(`\ufeff${text}`, "utf16le");
    const forms = {
      plain: Buffer.from(text),
      marked: Buffer.from(`\ufeff${text}`),
      little,
      big: Buffer.from(little).swap16(),
    };
    for (const [name, bytes] of Object.entries(forms)) {
      writeFileSync(join(folder, `${name}.yaml`), bytes);
      const { facts, problems } = await factsIn(join(folder, `${name}.yaml`));
      assert.deepEqual([facts, problems], [["nöde"], []], name);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function factsIn(path: string) {
  const found = await readFiles("dump", path, path);
  return { facts: found.of("Node").map(({ name }) => name), problems: found.coverage.problems };
}
