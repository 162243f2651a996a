/**
 * The ways of a report as a graph for BloodHound (OpenGraph): `{graph: {nodes: [{id, kinds, properties}], edges: [{kind,
 * start, end, properties}]}}`. https://bloodhound.specterops.io/opengraph/schema
 */
import { unknownSentences } from "./coverage-text.ts";
import { jsonText } from "./json-text.ts";
import { reportObjectText } from "./report.ts";
import type { Report, ReportFinding, ReportStep, SuppressedFinding } from "./report.ts";
import { visible } from "./visible.ts";

interface GraphNode {
  readonly id: string;
  readonly kinds: readonly string[];
  readonly properties: Readonly<Record<string, string | number | readonly string[]>>;
}

/** Every place of a way and every object of a finding; what is not known is a node of its own. */
export function* writeOpenGraph(report: Report): Generator<string> {
  yield '{\n  "metadata": { "source_kind": "Strongroom" },\n  "graph": {\n    "nodes": [';
  yield* listed(nodesOf(report));
  yield '\n    ],\n    "edges": [';
  yield* listed(edgesOf(report.findings));
  yield "\n    ]\n  }\n}\n";
}

function* listed(items: Iterable<object>): Generator<string> {
  let separator = "\n";
  for (const item of items) {
    yield `${separator}      ${jsonText(item, 6)}`;
    separator = ",\n";
  }
}

function* nodesOf({ findings, suppressed, coverage }: Report): Generator<GraphNode> {
  const found = Map.groupBy([...findings, ...suppressed], ({ object }) => reportObjectText(object));
  const places = findings.flatMap(({ path }) => path.flatMap(({ from, to }) => [from, to]));
  for (const text of new Set([...places, ...found.keys()])) yield nodeOf(text, found.get(text) ?? []);
  const unknown = unknownSentences(coverage).map(visible);
  yield {
    id: "strongroom coverage",
    kinds: ["StrongroomCoverage"],
    properties: { name: "what is not known", unknown },
  };
}

/** So many findings of one object are written out; all are counted. */
const listedMax = 50;

function nodeOf(text: string, findings: readonly (ReportFinding | SuppressedFinding)[]): GraphNode {
  const listed = findings.slice(0, listedMax);
  const [kind = ""] = /^\p{Lu}\p{L}*(?= )/u.exec(text) ?? [];
  const worst = Math.max(0, ...findings.map(({ score }) => score.value));
  return {
    id: text,
    kinds: [/^[A-Za-z]+$/.test(kind) ? kind : "Object", "Strongroom"],
    properties: {
      name: visible(text),
      ...(findings.length === 0
        ? {}
        : {
            score: worst,
            findingCount: findings.length,
            findings: listed.map((each) => visible(findingText(each))),
            fixes: [...new Set(listed.map(({ fix }) => visible(fix)))],
          }),
    },
  };
}

function findingText(found: ReportFinding | SuppressedFinding): string {
  const excepted =
    "exception" in found ? ` (excepted until ${found.exception.expires}: ${found.exception.reason})` : "";
  return `${found.check} ${found.message}${excepted}`;
}

function* edgesOf(findings: readonly ReportFinding[]): Generator<object> {
  const known = new Map<string, ReportStep>();
  for (const step of findings.flatMap(({ path }) => path))
    known.set(JSON.stringify([step.from, step.edge, step.to]), step);
  for (const { edge, verb, from, to, because, fix } of known.values()) {
    yield {
      kind: edge.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
      start: { value: from, match_by: "id" },
      end: { value: to, match_by: "id" },
      properties: { verb: visible(verb), because: visible(because), fix: visible(fix) },
    };
  }
}
