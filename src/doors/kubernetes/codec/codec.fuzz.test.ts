/**
 * Property tests over the codecs. Seeds are fixed, so a failure repeats; change
 * them by hand to look further.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Namespace, Secret, SecretList } from "../schema/core-v1.ts";
import { DeleteOptions, Status } from "../schema/meta-v1.ts";
import type { FieldType, Message } from "../schema/schema.ts";
import { normalizeBase64 } from "./base64.ts";
import { DecodeError } from "./decode-error.ts";
import { decodeObject } from "./decode-object.ts";
import { parseJson } from "./json-parser.ts";
import { cloneJson, equalJson, isJsonObject, jsonObject } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { writeJson } from "./json-writer.ts";
import { decodeEnvelope, encodeEnvelope } from "./protobuf-envelope.ts";
import { decodeMessage, encodeMessage } from "./protobuf.ts";
import { formatTime } from "./rfc3339.ts";
import { parseYaml, writeYaml } from "./yaml.ts";

const runs = { seed: 20_240_229, numRuns: 500 };

/** Runs a decoder on anything: a result or a DecodeError, nothing else. */
function decodesOrRefuses<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

const wellFormed = fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.toWellFormed());
const key = fc.oneof(wellFormed, fc.constantFrom("__proto__", "constructor", "0", "17", "", "<<", "yes", "toJSON"));

/** Trees of every kind of value, in objects without prototype. */
const tree: fc.Arbitrary<JsonValue> = fc.letrec<{ tree: JsonValue }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => exactOnly(value)),
    wellFormed,
    fc.array(tie("tree"), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie("tree")), { maxLength: 5 }).map((entries) => jsonObject(entries)),
  ),
})).tree;

/** Doubles that are integers beyond the safe ones are written without a point, and refused when read. */
function exactOnly(value: number): number {
  return (Number.isInteger(value) && !Number.isSafeInteger(value)) || value === 0 ? 0 : value;
}

/** Text near JSON: a document with a few characters changed. */
const nearJson = fc
  .tuple(
    tree,
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "0", "e", "-", ".", "\n", " ", "u", "\ud83d", ""),
      ),
      { maxLength: 4 },
    ),
  )
  .map(([value, edits]) => {
    let text = JSON.stringify(value);
    for (const [at, character] of edits) {
      const index = at % (text.length + 1);
      text = text.slice(0, index) + character + text.slice(index + 1);
    }
    return text;
  });

test("parseJson is the inverse of writeJson, compact and pretty", () => {
  fc.assert(
    fc.property(tree, fc.boolean(), (value, pretty) => {
      const { value: parsed, duplicates } = parseJson(Buffer.from(writeJson(value, pretty)));
      assert.ok(equalJson(parsed, value));
      assert.deepEqual(duplicates, []);
      assert.equal(writeJson(parsed), writeJson(value));
    }),
    runs,
  );
});

test("writeJson writes what JSON.parse reads as the same", () => {
  fc.assert(
    fc.property(tree, (value) => {
      assert.equal(JSON.stringify(JSON.parse(writeJson(value))), JSON.stringify(value));
    }),
    runs,
  );
});

test("parseJson accepts what JSON.parse accepts, but for surrogates and numbers it cannot hold", () => {
  fc.assert(
    fc.property(nearJson, (text) => {
      const expected = parsedByPlatform(text.toWellFormed());
      try {
        const { value } = parseJson(Buffer.from(text));
        assert.notEqual(expected, undefined, text);
        assert.equal(JSON.stringify(value), expected);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        if (!/surrogate|an integer must|a number must/.test(error.message)) assert.equal(expected, undefined, text);
      }
    }),
    { ...runs, numRuns: 3000 },
  );
});

function parsedByPlatform(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined; // not JSON: what the property is about
  }
}

test("parseJson and parseYaml survive arbitrary bytes", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        nearJson.map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        decodesOrRefuses(() => parseJson(bytes));
        decodesOrRefuses(() => parseYaml(bytes));
      },
    ),
    { ...runs, numRuns: 2000 },
  );
});

/** Text made of what means something in YAML. */
const yamlText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ": ",
        "- ",
        "? ",
        "\n",
        "\n  ",
        "\n    ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "&a ",
        "*a",
        "!!str ",
        "!!int ",
        "!x ",
        "|",
        ">",
        "|-\n  ",
        "'",
        '"',
        "#",
        "%",
        "---\n",
        "...\n",
        "<<",
        "a",
        "b",
        "yes",
        "1",
        "0x1",
        "~",
        "\\",
        "\t",
        "\r\n",
        "\u0085",
        "\u2028",
        "é",
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));

test("parseYaml survives anything that looks like YAML, and what it reads can be written and read again", () => {
  fc.assert(
    fc.property(yamlText, (text) => {
      const parsed = decodesOrRefuses(() => parseYaml(Buffer.from(text)));
      if (parsed === undefined) return;
      assert.ok(equalJson(cloneJson(parsed.value), parsed.value));
      assert.ok(equalJson(parseYaml(Buffer.from(writeYaml(parsed.value))).value, parsed.value), text);
    }),
    { ...runs, numRuns: 3000 },
  );
});

test("parseYaml is the inverse of writeYaml", () => {
  fc.assert(
    fc.property(tree, (value) => {
      const text = writeYaml(value);
      assert.ok(equalJson(parseYaml(Buffer.from(text)).value, value), text);
    }),
    runs,
  );
});

/** Objects that fit a schema, with some fields left out. */
function objectOf(message: Message, depth = 0): fc.Arbitrary<JsonObject> {
  const fields = message.fields.map((field) =>
    fc.option(valueOf(field.type, depth), { nil: undefined }).map((value) => [field.name, value] as const),
  );
  return fc.tuple(...fields).map((entries) => {
    const object = jsonObject();
    for (const [name, value] of entries) if (value !== undefined) object[name] = value;
    return object;
  });
}

function valueOf(type: FieldType, depth: number): fc.Arbitrary<JsonValue> {
  switch (type.kind) {
    case "scalar":
      return scalars[type.scalar] ?? fc.constant(null);
    case "message":
      return depth > 3 ? fc.constant(null) : objectOf(type.message(), depth + 1);
    case "list":
      return fc.array(valueOf(type.item, depth + 1), { maxLength: 3 });
    case "map":
      return fc
        .array(fc.tuple(key, valueOf(type.value, depth + 1)), { maxLength: 4 })
        .map((entries) => jsonObject(entries));
  }
}

const scalars: Readonly<Record<string, fc.Arbitrary<JsonValue>>> = {
  string: wellFormed,
  bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  bool: fc.boolean(),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  time: fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }).map((seconds) => formatTime({ seconds, nanos: 0 })),
  fieldsV1: tree.filter((value) => isJsonObject(value)),
};

for (const message of [Secret, SecretList, Namespace, DeleteOptions, Status]) {
  const kindName = { kind: message.goName, apiVersion: "v1" };

  test(`decodeMessage is the inverse of encodeMessage, and bytes are canonical: ${message.goName}`, () => {
    fc.assert(
      fc.property(objectOf(message), (object) => {
        const { object: canonical } = decodeObject(message, object, kindName);
        const bytes = encodeMessage(message, canonical);
        const decoded = decodeMessage(message, bytes);
        const withKind = jsonObject([...Object.entries(kindName), ...Object.entries(decoded)]);
        assert.ok(equalJson(withKind, canonical));
        assert.deepEqual(encodeMessage(message, decoded), bytes);
      }),
      { ...runs, numRuns: 200 },
    );
  });

  test(`decodeObject is idempotent: ${message.goName}`, () => {
    fc.assert(
      fc.property(objectOf(message), (object) => {
        const once = decodeObject(message, object, kindName);
        const again = decodeObject(message, once.object, kindName);
        assert.equal(writeJson(again.object), writeJson(once.object));
        assert.deepEqual(again.unknownFields, []);
      }),
      { ...runs, numRuns: 200 },
    );
  });

  test(`decodeObject survives any tree: ${message.goName}`, () => {
    const wild = fc.tuple(
      objectOf(message),
      fc.array(fc.tuple(fc.constantFrom(...message.fields.map(({ name }) => name)), tree), { maxLength: 2 }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          tree,
          wild.map(([object, entries]) => jsonObject([...Object.entries(object), ...entries])),
        ),
        (value) => {
          decodesOrRefuses(() => decodeObject(message, value, kindName));
        },
      ),
      { ...runs, numRuns: 200 },
    );
  });

  test(`decodeMessage survives arbitrary bytes and damaged messages: ${message.goName}`, () => {
    const damaged = fc
      .tuple(objectOf(message), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }), fc.nat())
      .map(([object, edits, cut]) => {
        const { object: canonical } = decodeObject(message, object, kindName);
        const bytes = encodeMessage(message, canonical);
        for (const [at, byte] of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        return bytes.subarray(0, cut % 3 === 0 ? cut % (bytes.length + 1) : bytes.length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), damaged), (bytes) => {
        const decoded = decodesOrRefuses(() => decodeMessage(message, bytes));
        if (decoded === undefined) return;
        // What was accepted is canonical: it survives another round unchanged.
        const again = decodeMessage(message, encodeMessage(message, decoded));
        assert.equal(writeJson(again), writeJson(decoded));
      }),
      { ...runs, numRuns: 400 },
    );
  });
}

test("decodeEnvelope is the inverse of encodeEnvelope and survives arbitrary bytes", () => {
  fc.assert(
    fc.property(wellFormed, wellFormed, fc.uint8Array({ maxLength: 50 }), (kind, apiVersion, raw) => {
      const read = decodeEnvelope(encodeEnvelope({ kind, apiVersion }, raw));
      assert.deepEqual([read.kind, read.apiVersion, [...read.raw]], [kind, apiVersion, [...raw]]);
      decodesOrRefuses(() => decodeEnvelope(raw));
      decodesOrRefuses(() => decodeEnvelope(Buffer.concat([Buffer.from("k8s\0"), raw])));
    }),
    runs,
  );
});

test("normalizeBase64 accepts exactly the texts it can bring to one form that decodes to the same bytes", () => {
  const near = fc
    .tuple(
      fc.uint8Array({ maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom("\n", "\r", "=", "A", "!", "")), { maxLength: 3 }),
    )
    .map(([bytes, edits]) => {
      let text = Buffer.from(bytes).toString("base64");
      for (const [at, character] of edits) {
        const index = at % (text.length + 1);
        text = text.slice(0, index) + character + text.slice(index);
      }
      return text;
    });
  fc.assert(
    fc.property(near, (text) => {
      const normal = decodesOrRefuses(() => normalizeBase64(text));
      const stripped = text.replaceAll(/[\r\n]/g, "");
      const valid = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(stripped);
      assert.equal(normal !== undefined, valid, text);
      if (normal === undefined) return;
      assert.equal(normalizeBase64(normal), normal);
      assert.deepEqual(Buffer.from(normal, "base64"), Buffer.from(stripped, "base64"));
    }),
    { ...runs, numRuns: 2000 },
  );
});
