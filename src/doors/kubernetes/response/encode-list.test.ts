import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { toRevision } from "../../../store/revision.ts";
import type { StreamPiece } from "../../../gate/gate.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { namespaceKind } from "../kinds/namespace.ts";
import { secretKind } from "../kinds/secret.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { treeObject } from "../storage/tree-object.ts";
import type { ListAnswer } from "../verbs/list.ts";
import { apiVersionOf, encodeTree, listSchemaOf, partialMetadataTree } from "./encode-object.ts";
import { encodeList } from "./encode-list.ts";
import { pieceBytesMin } from "./list-pieces.ts";
import type { OutputFormat } from "./output-format.ts";
import { columnDefinitions, tableRow } from "./table.ts";

const now = new Date("2026-01-02T03:04:05Z");

function secret(name: string, more: Record<string, JsonValue> = {}): StoredObject {
  const metadata = jsonObject([
    ["name", name],
    ["namespace", "default"],
    ["uid", `uid-of-${name}`],
    ["resourceVersion", "7"],
    ["creationTimestamp", "2026-01-01T00:00:00Z"],
  ]);
  const tree = jsonObject([["metadata", metadata], ...Object.entries(more), ["type", "Opaque"]]);
  return treeObject(tree);
}

/** Texts that end lines, look like syntax of every format, or are escaped in one of them. */
const awkward = secret("awkward", {
  metadata: jsonObject([
    ["name", "awkward"],
    ["namespace", "default"],
    ["uid", "uid-of-awkward"],
    ["resourceVersion", "9"],
    [
      "annotations",
      jsonObject([
        ["note", 'a\nb\r\n\t"<&>" - c: d #\u2028\u0007'],
        ["yes", "on"],
        ["empty", ""],
      ]),
    ],
    ["labels", jsonObject([["long", "x".repeat(60)]])],
    ["finalizers", ["example.com/a", "example.com/b"]],
  ]),
  data: jsonObject([
    ["a", "AAECAw=="],
    ["b", ""],
  ]),
  immutable: true,
});

const namespace = treeObject(
  jsonObject([
    [
      "metadata",
      jsonObject([
        ["name", "ns"],
        ["uid", "u"],
        ["resourceVersion", "3"],
      ]),
    ],
    ["spec", jsonObject([["finalizers", ["kubernetes"]]])],
    ["status", jsonObject([["phase", "Active"]])],
  ]),
);

function listOf(chunks: readonly (readonly StoredObject[])[], more: Partial<ListAnswer> = {}): ListAnswer {
  return {
    revision: toRevision(12),
    continueToken: undefined,
    remainingItemCount: undefined,
    async *chunks() {
      yield* chunks;
    },
    ...more,
  };
}

/** The list as one tree, written whole: what the pieces must add up to. */
function whole(kind: Kind, list: ListAnswer, objects: readonly StoredObject[], format: OutputFormat): Buffer {
  const metadata = jsonObject([["resourceVersion", String(list.revision)]]);
  if (list.continueToken !== undefined) metadata["continue"] = list.continueToken;
  if (list.remainingItemCount !== undefined) metadata["remainingItemCount"] = list.remainingItemCount;
  const view = `meta.k8s.io/${format.viewVersion}`;
  const tree = (listKind: string, apiVersion: string, more: [string, JsonValue][]) =>
    jsonObject([["kind", listKind], ["apiVersion", apiVersion], ["metadata", metadata], ...more]);
  const trees: Record<OutputFormat["view"], () => JsonObject> = {
    object: () => tree(kind.listKind, apiVersionOf(kind), [["items", objects.map((object) => object.tree())]]),
    table: () =>
      tree("Table", view, [
        ["columnDefinitions", columnDefinitions(kind)],
        ["rows", objects.map((object) => tableRow(kind, object, format, now))],
      ]),
    "partial-metadata": () =>
      tree("PartialObjectMetadataList", view, [["items", objects.map((o) => partialMetadataTree(o, format))]]),
  };
  return encodeTree(trees[format.view](), listSchemaOf(kind, format), format);
}

async function piecesOf(pieces: AsyncIterable<StreamPiece>): Promise<StreamPiece[]> {
  const all: StreamPiece[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

const json: OutputFormat = {
  media: "application/json",
  view: "object",
  viewVersion: "v1",
  pretty: false,
  includeObject: "Metadata",
};
const pretty: OutputFormat = { ...json, pretty: true };
const yaml: OutputFormat = { ...json, media: "application/yaml" };
const protobuf: OutputFormat = { ...json, media: "application/vnd.kubernetes.protobuf" };
const table = { view: "table" } as const;
const partial = { view: "partial-metadata" } as const;

const formats: readonly [string, OutputFormat][] = [
  ["JSON", json],
  ["pretty JSON", pretty],
  ["YAML", yaml],
  ["protobuf", protobuf],
  ["JSON tables", { ...json, ...table }],
  ["pretty tables", { ...pretty, ...table, includeObject: "Object" }],
  ["YAML tables", { ...yaml, ...table, includeObject: "None" }],
  ["JSON metadata", { ...json, ...partial, viewVersion: "v1beta1" }],
  ["pretty metadata", { ...pretty, ...partial }],
  ["YAML metadata", { ...yaml, ...partial }],
  ["protobuf metadata", { ...protobuf, ...partial }],
];

const large = (name: string, bytes: number) =>
  secret(name, { data: jsonObject([["k", randomBytes(bytes).toString("base64")]]) });

const contents: readonly [string, readonly (readonly StoredObject[])[]][] = [
  ["nothing", []],
  ["empty chunks", [[], []]],
  ["one object", [[secret("a")]]],
  ["chunks of objects", [[awkward, secret("b")], [], [secret("c")]]],
  // Beyond what is kept of a protobuf list, and with lengths of one to four bytes.
  [
    "many pieces",
    [
      [large("d", 10), large("e", 300_000), large("f", 200)],
      [large("g", 3_000_000), large("h", 9_000)],
    ],
  ],
];

for (const [name, format] of formats) {
  for (const [content, chunks] of contents) {
    test(`A list of ${content} in ${name} has the bytes of the same list written whole`, async () => {
      for (const more of [{}, { continueToken: "abc", remainingItemCount: 3 }]) {
        const list = listOf(chunks, more);
        const pieces = await piecesOf(encodeList(secretKind, list, format, now));
        const expected = whole(secretKind, list, chunks.flat(), format);
        assert.ok(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(expected));
        assert.deepEqual(
          pieces.flatMap(({ disclosed }) => disclosed.map((disclosure) => disclosure.name)),
          chunks.flat().map((object) => object.name),
        );
      }
    });
  }

  test(`A list of namespaces in ${name} has the bytes of the same list written whole`, async () => {
    const list = listOf([[namespace]]);
    const pieces = await piecesOf(encodeList(namespaceKind, list, format, now));
    const expected = whole(namespaceKind, list, [namespace], format);
    assert.equal(Buffer.concat(pieces.map(({ bytes }) => bytes)).toString("latin1"), expected.toString("latin1"));
  });

  test(`A large list in ${name} is held a chunk and a piece at a time, and others run between`, async () => {
    const chunkCount = 12;
    const itemBytes = 90_000;
    let chunksRead = 0;
    let bytesSent = 0;
    let turns = 0;
    const ticking = { on: true };
    const tick = () => setImmediate(() => (turns++, ticking.on && tick()));
    tick();
    const note = jsonObject([
      ["name", "x"],
      ["annotations", jsonObject([["note", "n".repeat(itemBytes)]])],
    ]);
    const chunk = Array.from({ length: 8 }, () => secret("x", { metadata: note }));
    const list = listOf([], {
      async *chunks() {
        for (let n = 0; n < chunkCount; n++) {
          chunksRead++;
          yield chunk;
        }
      },
    });
    for await (const piece of encodeList(secretKind, list, format, now)) {
      bytesSent += piece.bytes.length;
      assert.ok(piece.bytes.length <= Math.max(4 * pieceBytesMin, 1) + 2 * itemBytes, `${piece.bytes.length} bytes`);
      if (format.view === "table" && format.includeObject === "None") continue; // rows without the note
      const chunksSent = bytesSent / (chunk.length * itemBytes);
      // Protobuf reads all of it first, for the lengths.
      const readings = format.media === protobuf.media ? chunkCount : 0;
      assert.ok(chunksRead - readings <= chunksSent + 1.5, `${chunksRead} chunks read, ${chunksSent} sent`);
    }
    ticking.on = false;
    if (bytesSent > chunkCount * chunk.length * itemBytes) assert.ok(turns >= chunkCount, `${turns} turns`);
  });
}

test("A protobuf list that is not the same when it is read again is cut, not sent out of step", async () => {
  let reading = 0;
  const list = listOf([], {
    async *chunks() {
      yield [large("a", 5_000_000), ...(++reading === 1 ? [secret("b")] : [])];
    },
  });
  const sent: StreamPiece[] = [];
  await assert.rejects(async () => {
    for await (const piece of encodeList(secretKind, list, protobuf, now)) sent.push(piece);
  }, /must be the same/);
  assert.equal(reading, 2);
});

test("A protobuf list whose client has gone is not read to its end for the lengths", async () => {
  let chunksRead = 0;
  const list = listOf([], {
    async *chunks() {
      for (; chunksRead < 100; chunksRead++) yield [large("a", 300_000)];
    },
  });
  let sent = 0;
  for await (const piece of encodeList(secretKind, list, protobuf, now)) {
    assert.equal(piece.bytes.length, 0);
    if (++sent === 3) break;
  }
  assert.ok(chunksRead <= 4, `${chunksRead} chunks read`);
});
