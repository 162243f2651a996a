/** What fits a type and what does not. Source: structured-merge-diff typed/validate.go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../codec/json-parser.ts";
import { Secret } from "../schema/core-v1.ts";
import type { Message } from "../schema/schema.ts";
import { message } from "../schema/messages.ts";
import { checkShape, shapeFindingsText } from "./check-shape.ts";
import { shapeOf } from "./merge-shape.ts";

const Pod = message("core-v1", "Pod");

function findings(message: Message, value: object): string {
  const found = checkShape(shapeOf(message), parseJson(Buffer.from(JSON.stringify(value))).value);
  return found.length === 0 ? "" : shapeFindingsText(found);
}

const container = (fields: object) => ({ spec: { containers: [{ name: "c", ...fields }] } });

const cases: { title: string; message?: Message; value: object; text: string }[] = [
  { title: "every kind of field fits", value: container({ args: ["a"], resources: { limits: { cpu: 1 } } }), text: "" },
  { title: "null fits anywhere", value: { spec: { containers: null, nodeSelector: { a: null } } }, text: "" },
  {
    title: "a whole object inside may carry its type",
    value: { kind: "Pod", apiVersion: "v1", metadata: {} },
    text: "",
  },
  {
    title: "an unknown field",
    value: container({ nonsense: 1 }),
    text: '.spec.containers[name="c"].nonsense: field not declared in schema',
  },
  {
    title: "an object for a list",
    value: { spec: { containers: {} } },
    text: ".spec.containers: expected list, got object",
  },
  { title: "a list for a map", value: { metadata: { labels: [] } }, text: ".metadata.labels: expected map, got array" },
  {
    title: "a text for a number",
    value: container({ ports: [{ containerPort: "80" }] }),
    text: '.spec.containers[name="c"].ports[containerPort="80",protocol="TCP"].containerPort: expected numeric (int or float), got string',
  },
  {
    title: "an object for any scalar",
    value: container({ resources: { limits: { cpu: {} } } }),
    text: '.spec.containers[name="c"].resources.limits.cpu: expected any scalar, got object',
  },
  {
    title: "an index where a list has no keys",
    value: container({ args: ["a", 1] }),
    text: '.spec.containers[name="c"].args[1]: expected string, got number',
  },
  {
    title: "two items with one key, defaults filled in",
    value: container({ ports: [{ containerPort: 80 }, { containerPort: 80, protocol: "TCP" }] }),
    text: '.spec.containers[name="c"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]',
  },
  {
    title: "an item that is no object",
    value: { spec: { containers: ["c"] } },
    text: ".spec.containers: element 0: associative list with keys may not have non-map elements",
  },
  {
    title: "several findings as a list",
    value: { metadata: { name: 1, uid: 2 } },
    text: "errors:\n  .metadata.name: expected string, got number\n  .metadata.uid: expected string, got number",
  },
  {
    title: "a value of a Secret, which is not shown",
    message: Secret,
    value: { data: { pin: 4815 }, stringData: { pin: ["hunter2"] } },
    text: "errors:\n  .data.pin: expected string, got number\n  .stringData.pin: expected string, got array",
  },
];

for (const { title, message = Pod, value, text } of cases) {
  test(`checkShape: ${title}`, () => assert.equal(findings(message, value), text));
}

test("checkShape stops after a hundred findings", () => {
  const labels = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, index]));
  const found = checkShape(shapeOf(Pod), parseJson(Buffer.from(JSON.stringify({ metadata: { labels } }))).value);
  assert.equal(found.length, 100);
});

test("An item without any of its keys has no identity where the type gives no default", () => {
  const message: Message = {
    name: "t",
    goName: "T",
    description: "",
    fields: [
      {
        name: "items",
        number: 1,
        description: "",
        type: {
          kind: "list",
          listType: "map",
          mapKeys: ["a", "b"],
          item: {
            kind: "message",
            message: () => ({
              name: "i",
              goName: "I",
              description: "",
              fields: ["a", "b", "c"].map((name) => ({
                name,
                number: 1,
                description: "",
                type: { kind: "scalar", scalar: "string" },
              })),
            }),
          },
        },
      },
    ],
  };
  assert.equal(
    findings(message, { items: [{ c: "x" }] }),
    '.items: element 0: associative list with keys has an element that omits all key fields ["a" "b"] (and doesn\'t have default values for any key fields)',
  );
  assert.equal(findings(message, { items: [{ a: "x" }, { b: "x" }, { a: "x", b: "x" }] }), "");
});
