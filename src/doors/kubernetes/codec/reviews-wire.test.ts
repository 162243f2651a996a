/** The messages of reviews against the bytes of an independent encoder (testdata/reviews.json, see README.md there). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { message } from "../schema/messages.ts";
import { decodeObject } from "./decode-object.ts";
import { parseJson } from "./json-parser.ts";
import { writeJson } from "./json-writer.ts";
import { decodeMessage, encodeMessage } from "./protobuf.ts";

interface Fixture {
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly json: string;
  /** Hexadecimal. */
  readonly message: string;
}

const fixtures = JSON.parse(readFileSync(new URL("testdata/reviews.json", import.meta.url), "utf8")) as Fixture[];

for (const { name, apiVersion, kind, json, message: hex } of fixtures) {
  test(`${apiVersion} ${kind} (${name}): JSON and protobuf are those of the reference`, () => {
    const schema = message(apiVersion.startsWith("authentication") ? "authentication-v1" : "authorization-v1", kind);
    const { value } = parseJson(Buffer.from(json));
    const { object, unknownFields } = decodeObject(schema, value, { kind, apiVersion });
    assert.deepEqual(unknownFields, []);
    assert.equal(writeJson(object), json);
    assert.equal(Buffer.from(encodeMessage(schema, object)).toString("hex"), hex);
    assert.equal(writeJson({ kind, apiVersion, ...decodeMessage(schema, Buffer.from(hex, "hex")) }), json);
  });
}

test("A map of lists is refused where a value is no message", () => {
  const schema = message("authentication-v1", "UserInfo");
  // extra (field 4): an entry with the key "k" (1) and a number (2) for a list.
  assert.throws(
    () => decodeMessage(schema, Buffer.from("22050a016b1001", "hex")),
    /wrong wireType = 0 for field Extra/,
  );
});
