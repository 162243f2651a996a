import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Namespace, NamespaceList, Secret, SecretList } from "../schema/core-v1.ts";
import { DeleteOptions, Status } from "../schema/meta-v1.ts";
import type { FieldType, Message } from "../schema/schema.ts";
import { DecodeError, valuesMax } from "./decode-error.ts";
import { decodeObject } from "./decode-object.ts";
import { parseJson } from "./json-parser.ts";
import { equalJson, isJsonObject, jsonObject } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { writeJson } from "./json-writer.ts";
import { decodeEnvelope, encodeEnvelope, encodeWatchFrame } from "./protobuf-envelope.ts";
import { decodeMessage, encodeMessage } from "./protobuf.ts";

/** One object in every form the reference writes; see testdata/README.md. Bytes are in hex. */
interface GoldenObject {
  readonly name: string;
  readonly kind: string;
  readonly json: string;
  readonly pretty?: string;
  readonly message: string;
  readonly envelope: string;
  readonly watch?: string;
}

const objects = JSON.parse(readFileSync(new URL("testdata/objects.json", import.meta.url), "utf8")) as GoldenObject[]; // a fixture of ours

const messages: Readonly<Record<string, Message>> = {
  Secret,
  SecretList,
  Namespace,
  NamespaceList,
  DeleteOptions,
  Status,
};

function messageOf(kind: string): Message {
  const message = messages[kind];
  assert.ok(message, kind);
  return message;
}

/** The object as we hold it in memory. */
function canonical({ kind, json }: GoldenObject): JsonObject {
  const { value } = parseJson(Buffer.from(json));
  return decodeObject(messageOf(kind), value, { kind, apiVersion: "v1" }).object;
}

function withoutKind(object: JsonObject): JsonObject {
  return jsonObject(Object.entries(object).filter(([key]) => key !== "kind" && key !== "apiVersion"));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const fromHex = (text: string): Buffer => Buffer.from(text, "hex");

test("Every object of the fixture is encoded to the reference's bytes", () => {
  assert.ok(objects.length >= 28);
  for (const golden of objects) {
    const message = encodeMessage(messageOf(golden.kind), canonical(golden));
    assert.equal(hex(message), golden.message, golden.name);
  }
});

test("Every object of the fixture is decoded from the reference's bytes to what its JSON says", () => {
  for (const golden of objects) {
    const decoded = decodeMessage(messageOf(golden.kind), fromHex(golden.message));
    assert.equal(writeJson(decoded), writeJson(withoutKind(canonical(golden))), golden.name);
  }
});

test("Every envelope of the fixture is written and read as the reference does", () => {
  for (const { name, kind, message, envelope } of objects) {
    assert.equal(hex(encodeEnvelope({ kind, apiVersion: "v1" }, fromHex(message))), envelope, name);
    const read = decodeEnvelope(fromHex(envelope));
    assert.deepEqual([read.kind, read.apiVersion, hex(read.raw)], [kind, "v1", message], name);
  }
});

test("Every watch frame of the fixture is written as the reference does", () => {
  const watched = objects.filter(({ watch }) => watch !== undefined);
  assert.ok(watched.length > 10);
  const types = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"];
  for (const { name, envelope, watch } of watched) {
    const type = types.find((word) => watch?.includes(Buffer.from(word).toString("hex")));
    assert.equal(hex(encodeWatchFrame(type ?? "", fromHex(envelope))), watch, name);
  }
});

test("Every object of the fixture is written as the JSON the reference writes", () => {
  for (const golden of objects) {
    // The order of map keys that look like array indexes is JavaScript's; see writeJson.
    const expected = parseJson(Buffer.from(golden.json)).value;
    const object = canonical(golden);
    assert.equal(writeJson(object) + "\n", sameOrder(golden.json), golden.name);
    assert.ok(equalJson(expected, object), golden.name);
    if (golden.pretty !== undefined) {
      assert.equal(writeJson(object, true), sameOrder(golden.pretty).trimEnd(), golden.name);
    }
  }
});

/** The fixture's text with the two labels `10` and `9`, which it sorts as text, in numeric order. */
function sameOrder(text: string): string {
  return text.replaceAll(/"10":( ?)"x",(\s*)"9":( ?)"y"/g, '"9":$1"y",$2"10":$3"x"');
}

test("decodeMessage drops unknown fields of every wire type", () => {
  const known = encodeMessage(Secret, jsonObject([["type", "Opaque"]]));
  for (const unknown of [
    "a80601", // field 101, varint
    "a9060102030405060708", // 64 bits
    "ad0601020304", // 32 bits
    "aa0603616263", // bytes
    "ab06a80601ac06", // a group with a varint in it
  ]) {
    const decoded = decodeMessage(Secret, Buffer.concat([fromHex(unknown), known, fromHex(unknown)]));
    assert.equal(writeJson(decoded), '{"metadata":{},"type":"Opaque"}');
  }
});

test("decodeMessage merges a message that comes in two pieces, as protobuf asks", () => {
  const first = encodeMessage(Secret, secretNamed("a", { x: "1" }));
  const second = Buffer.from("0a045a020a00", "hex"); // metadata with one empty label entry
  const decoded = decodeMessage(Secret, Buffer.concat([first, second]));
  assert.equal(writeJson(decoded), '{"metadata":{"name":"a","labels":{"":"","x":"1"}}}');
});

function secretNamed(name: string, labels: Record<string, string>): JsonObject {
  const metadata = jsonObject([
    ["name", name],
    ["labels", jsonObject(Object.entries(labels))],
  ]);
  return jsonObject([["metadata", metadata]]);
}

test("decodeMessage refuses every cut of a full object that is not one by chance", () => {
  const full = objects.find(({ name }) => name === "Secret: full");
  assert.ok(full);
  const bytes = fromHex(full.message);
  let refused = 0;
  for (let length = 0; length < bytes.length; length++) {
    try {
      decodeMessage(Secret, bytes.subarray(0, length));
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error));
      refused++;
    }
  }
  // Only cuts between two top-level fields leave a message.
  assert.ok(refused >= bytes.length - 10, `${refused} of ${bytes.length}`);
});

test("decodeMessage refuses malformed bytes with a DecodeError", () => {
  for (const [bytes, text] of [
    ["28", /malformed/], // a tag without a value
    ["0800", /wrong wireType = 0 for field Metadata/],
    ["12", /malformed/],
    ["12ffffffff0f", /malformed/], // a length beyond the end
    ["00", /malformed/], // field 0
    ["0f", /malformed/], // wire type 7
    ["1a02c328", /valid UTF-8/],
    ["0a060a04f0288cbc", /valid UTF-8/],
    ["12030a01ff", /valid UTF-8/],
    ["2880808080808080808080808001", /malformed/], // a varint of 13 bytes
    ["0a0b3880808080808080808001", /integer must be between/], // generation -2^63
    ["0a0d420b08ffffffffffffffff7f", /integer must be between|malformed/], // a time far off
  ] as const) {
    assert.throws(
      () => decodeMessage(Secret, fromHex(bytes)),
      (error) => error instanceof DecodeError && text.test(error.message),
      bytes,
    );
  }
});

test("decodeMessage bounds the number of values", () => {
  const reference = Buffer.from("6a00", "hex"); // an empty owner reference
  const metadata = Buffer.concat([Buffer.from([0x0a]), varint(2 * (valuesMax + 1))]);
  const body = Buffer.concat([metadata, Buffer.alloc(2 * (valuesMax + 1), reference)]);
  assert.throws(() => decodeMessage(Secret, body), /at most 200000 values/);
});

function varint(value: number): Buffer {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

test("decodeMessage bounds the depth of messages that contain themselves", () => {
  const node: Message = {
    name: "test.v1.Node",
    goName: "Node",
    description: "",
    fields: [
      { name: "next", number: 1, optional: true, type: { kind: "message", message: () => node }, description: "" },
    ],
  };
  let bytes = Buffer.alloc(0);
  for (let depth = 0; depth < 98; depth++) bytes = Buffer.concat([Buffer.from([0x0a]), varint(bytes.length), bytes]);
  assert.doesNotThrow(() => decodeMessage(node, bytes));
  for (let depth = 0; depth < 3; depth++) bytes = Buffer.concat([Buffer.from([0x0a]), varint(bytes.length), bytes]);
  assert.throws(() => decodeMessage(node, bytes), /deeper than 100/);
});

function scalar(name: string, number: number, type: FieldType): Message["fields"][number] {
  return { name, number, type, optional: true, description: "" };
}

test("Scalars that no stored kind uses yet come back as they went", () => {
  const message: Message = {
    name: "test.v1.All",
    goName: "All",
    description: "",
    fields: [
      scalar("double", 1, { kind: "scalar", scalar: "double" }),
      scalar("int32", 2, { kind: "scalar", scalar: "int32" }),
      scalar("microTime", 3, { kind: "scalar", scalar: "microTime" }),
      scalar("quantity", 4, { kind: "scalar", scalar: "quantity" }),
      scalar("port", 5, { kind: "scalar", scalar: "intOrString" }),
      scalar("namedPort", 6, { kind: "scalar", scalar: "intOrString" }),
      scalar("raw", 7, { kind: "scalar", scalar: "rawExtension" }),
      scalar("limits", 8, { kind: "map", value: { kind: "scalar", scalar: "quantity" }, mapType: "granular" }),
      scalar("numbers", 9, { kind: "list", item: { kind: "scalar", scalar: "int64" }, listType: "atomic" }),
    ],
  };
  const { value } = parseJson(
    Buffer.from(
      '{"double":-0.5,"int32":-7,"microTime":"2024-01-02T03:04:05.000006Z","quantity":"10Mi","port":8443,"namedPort":"https","raw":{"a":[1]},"limits":{"cpu":"1","memory":"2Gi"},"numbers":[1,-2,0]}',
    ),
  );
  assert.ok(isJsonObject(value));
  const decoded: JsonValue = decodeMessage(message, encodeMessage(message, value));
  assert.equal(writeJson(decoded), writeJson(value));
});

test("decodeEnvelope names what is wrong with a body that is none", () => {
  for (const [bytes, text] of [
    ["", "empty data"],
    ["6b387300", "empty body"],
    ["6b3873", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"],
    ["7b7d", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"],
  ] as const) {
    assert.throws(() => decodeEnvelope(fromHex(bytes)), { name: "DecodeError", message: text });
  }
  assert.throws(() => decodeEnvelope(fromHex("6b38730012ff01")), { name: "DecodeError" });
});

test("An envelope may lack kind and version", () => {
  assert.deepEqual(
    { ...decodeEnvelope(fromHex("6b3873001202abcd")), raw: "abcd" },
    { kind: "", apiVersion: "", raw: "abcd" },
  );
});
