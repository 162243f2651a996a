/** No name of anything acts in a form of a report, and no value of a secret is in one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as holds, array, constantFrom, property, string } from "fast-check";
import MarkdownIt from "markdown-it";
import { parse } from "yaml";
import { scan } from "../../../src/sight/findings/scan.ts";
import { buildGraph } from "../../../src/sight/graph/build-graph.ts";
import { reportForms, writeReport } from "../../../src/sight/reports/report-forms.ts";
import { reportOfScan } from "../../../src/sight/reports/report-of-scan.ts";
import type { Report } from "../../../src/sight/reports/report.ts";
import { visible } from "../../../src/sight/reports/visible.ts";
import { readText } from "../../../src/sight/sources/file-source.ts";
import { run } from "../run-sight.ts";
import { hostileDump, hostileReport } from "./hostile-report.ts";
import { hostileNames } from "./hostile-names.ts";
import { readCsv, readXml, sarifErrors } from "./read-forms.ts";

type Form = (typeof reportForms)[number];

const write = (report: Report, form: Form) => [...writeReport(report, form, { columns: 100, color: false })].join("");

const markdown = new MarkdownIt({ html: true, linkify: true });
const harmlessTokens = new Set([
  ...["heading", "paragraph", "ordered_list", "bullet_list", "list_item", "strong"].flatMap((name) => {
    return [`${name}_open`, `${name}_close`];
  }),
  "inline",
  "text",
  "code_inline",
  "softbreak",
]);

const harmlessElements = new Set(
  (
    "html head body header main section h1 h2 h3 h4 p a ul ol li b bdi br span strong time details summary div pre fieldset " +
    "legend label input svg path rect text title style"
  ).split(" "),
);
const harmlessAttributes = new Set(
  "class id href aria-label aria-labelledby role tabindex datetime type checked autocomplete width height viewBox x y rx d".split(
    " ",
  ),
);

/** What must hold of every form, whatever the names are. */
const rules: Readonly<Record<Form, (text: string, report: Report) => void>> = {
  table: (text) => {
    for (const line of text.split("\n")) assert.ok(!line.trim().startsWith("::"), line);
  },
  json: (text, report) => assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(report))),
  yaml: (text, report) => assert.deepEqual(parse(text), JSON.parse(JSON.stringify(report))),
  sarif: (text) => {
    assert.deepEqual(sarifErrors(JSON.parse(text)), []);
    for (const [, message] of text.matchAll(/"text": "((?:[^"\\]|\\.)*)"/g)) {
      assert.doesNotMatch(JSON.parse(`"${message ?? ""}"`), /(?<!\\)\]\(|(?<!\{)(?:\{\{)*\{(?!\{)/);
    }
  },
  csv: (text, report) => {
    const rows = readCsv(text);
    assert.ok(rows.every((row) => row.length === rows[0]?.length));
    for (const cell of rows.flat()) assert.doesNotMatch(cell, /^\s*[=+\-@|%＝＋－＠\t]/u);
    assert.ok(rows.length > report.findings.length);
  },
  junit: (text, report) => {
    const cases = readXml(text).filter(({ name }) => name === "testcase");
    const failures = cases.filter(({ children }) => children.includes("failure")).length;
    assert.equal(failures, report.findings.filter(({ severity }) => severity !== "info").length);
  },
  markdown: (text) => {
    for (const token of markdown.parse(text, {}).flatMap((each) => [each, ...(each.children ?? [])])) {
      assert.ok(harmlessTokens.has(token.type), `${token.type} ${token.content}`);
      // What code hosts look for in text after it is rendered.
      if (token.type === "text")
        assert.doesNotMatch(token.content, /[@#<>[\]|*_`~]|:\w+:|:\/\/|www\.|GH-\d/, token.content);
    }
  },
  html: (text) => {
    const body = text.slice(text.indexOf("</style>"));
    for (const [tag, name = "", attributes = ""] of body.matchAll(/<\/?([^\s>]*)((?:[^>"]|"[^"]*")*)>/g)) {
      assert.ok(harmlessElements.has(name), tag);
      for (const [, attribute = "", value = ""] of attributes.matchAll(/([^\s=/]+)(?:="([^"]*)")?/g)) {
        assert.ok(harmlessAttributes.has(attribute), tag);
        if (attribute === "href") assert.match(value, /^#[\w-]+$/);
      }
    }
  },
  policyreport: (text, report) => {
    const { items } = JSON.parse(text) as { items: { results: { result: string }[] }[] };
    const results = items.flatMap((item) => item.results);
    const failing = report.findings.filter(({ severity }) => severity !== "info");
    assert.equal(results.filter(({ result }) => result === "fail").length, failing.length);
  },
  opengraph: (text) => {
    const { graph } = JSON.parse(text) as {
      graph: {
        nodes: { id: string; kinds: string[] }[];
        edges: { kind: string; start: { value: string }; end: { value: string } }[];
      };
    };
    const ids = new Set(graph.nodes.map(({ id }) => id));
    assert.equal(ids.size, graph.nodes.length);
    for (const { kind, start, end } of graph.edges) {
      assert.match(kind, /^\w+$/);
      assert.ok(ids.has(start.value) && ids.has(end.value));
    }
    for (const kind of graph.nodes.flatMap(({ kinds }) => kinds)) assert.match(kind, /^\w+$/);
  },
  prometheus: (text) => {
    const line =
      /^(?:# (?:HELP|TYPE) strongroom_scan_\w+ .+|strongroom_scan_\w+(?:\{\w+="[\w-]+"(?:,\w+="[\w-]+")*\})? [\d.]+)$/;
    for (const each of text.trimEnd().split("\n")) assert.match(each, line);
  },
};

function check(report: Report): void {
  for (const form of reportForms) {
    const text = write(report, form);
    assert.doesNotMatch(text.replaceAll(/[\n\r]/g, ""), /[\p{C}\p{Zl}\p{Zp}]/u, form);
    assert.ok(!text.includes("##vso[") && !text.includes("##teamcity["), form);
    if (form !== "csv") assert.ok(!text.includes("\r"), form);
    rules[form](text, report);
  }
}

test("No form of a report obeys a hostile name, in whatever field it is", () => {
  for (const name of hostileNames) check(hostileReport([name]));
  check(hostileReport(hostileNames));
});

test("No form of a report obeys names that are made of parts of hostile ones", () => {
  const parts = constantFrom(...hostileNames.flatMap((name) => [name, ...name.split(/(?<=[^\w])/)]), " ", "\n", "\\");
  const names = array(parts, { minLength: 1, maxLength: 6 }).map((list) => list.join(""));
  holds(
    property(array(names, { minLength: 1, maxLength: 2 }), (list) => check(hostileReport(list))),
    { numRuns: 40 },
  );
  holds(
    property(string({ unit: "binary", maxLength: 40 }), (name) => check(hostileReport([name]))),
    { numRuns: 40 },
  );
});

test("The same holds of a cluster in which every kind of object has such names, which are shown", () => {
  const facts = readText("dump", hostileNames[0] ?? "", JSON.stringify(hostileDump(hostileNames)));
  const decisions = { exceptions: [], baseline: undefined, now: new Date(0) };
  const report = reportOfScan(scan(buildGraph(facts)), decisions, "1.2.3");
  assert.ok(report.findings.length > hostileNames.length);
  check(report);
  const table = write(report, "csv");
  for (const name of hostileNames.filter((each) => !/["\\]/.test(each) && each.trim() === each)) {
    const shown = [visible(name), visible(JSON.stringify(name)).slice(1, -1)].map((text) => text.replaceAll('"', '""'));
    assert.ok(
      shown.some((text) => table.includes(text)),
      name,
    );
  }
});

test("No value of a secret, as it is or encoded, is in any form", async () => {
  const value = "strongroom-canary-4f81c6";
  const encoded = Buffer.from(value).toString("base64");
  for (const source of ["--dump", "--git"]) {
    for (const form of reportForms) {
      const { code, stdout } = await run("scan", source, "../reports/shop.yaml", "-o", form);
      assert.equal(code, 0);
      assert.ok(form === "prometheus" || stdout.includes("system:authenticated"), form);
      assert.ok(!stdout.includes(value) && !stdout.includes(encoded.slice(0, 12)), form);
      assert.ok(!stdout.includes(Buffer.from(value).toString("hex")), form);
    }
  }
});
