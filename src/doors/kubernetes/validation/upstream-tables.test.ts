/** The rules of this folder against tables made with the libraries of kube-apiserver 1.34. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { formatFieldError, formatFieldErrors } from "./field-error-format.ts";
import { fieldManagerErrors } from "./field-manager.ts";
import { goJsonObjectError } from "./go-json-object.ts";
import {
  configMapKeyErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  labelValueErrors,
  nameIsDnsSubdomain,
  qualifiedNameErrors,
} from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

interface TextCase<Result> {
  readonly text: string;
  readonly result?: Result;
  readonly error?: string;
}

interface MetaCase {
  readonly doc: JsonObject;
  readonly old?: JsonObject;
  readonly result: string[];
}

function readCases<Case>(name: string, atLeast: number): Case[] {
  const table = JSON.parse(readFileSync(new URL(`testdata/${name}.json`, import.meta.url), "utf8")) as {
    cases: Case[];
  }; // the file is ours
  assert.ok(table.cases.length >= atLeast);
  return table.cases;
}

test("the name formats are those of apimachinery, with its texts", () => {
  for (const { text, result } of readCases<TextCase<Record<string, string[] | null>>>("names", 30)) {
    const ours = {
      label: dns1123LabelErrors(text),
      subdomain: dns1123SubdomainErrors(text),
      qualified: qualifiedNameErrors(text),
      labelValue: labelValueErrors(text),
      configKey: configMapKeyErrors(text),
      secretPrefix: nameIsDnsSubdomain(text, true),
    };
    const upstream = Object.fromEntries(Object.entries(result ?? {}).map(([name, errors]) => [name, errors ?? []]));
    assert.deepEqual(ours, upstream, text);
  }
});

test("the rules of metadata are those of core kinds upstream, with their texts", () => {
  const rules = { group: "", namespaced: true, validateName: nameIsDnsSubdomain };
  for (const { doc, old, result } of readCases<MetaCase>("object-meta", 50)) {
    const object = cloneJson<JsonObject>({ metadata: doc });
    const errors = validateObjectMeta(object, rules);
    if (old !== undefined) errors.push(...validateObjectMetaUpdate(object, cloneJson<JsonObject>({ metadata: old })));
    const texts = [...new Set(errors.map(formatFieldError))].toSorted();
    assert.deepEqual(texts, [...new Set(result)].toSorted(), JSON.stringify({ doc, old }));
  }
});

test("field managers are checked as apimachinery does", () => {
  for (const { text, result } of readCases<TextCase<string[]>>("field-managers", 10)) {
    assert.deepEqual(fieldManagerErrors(text, "fieldManager").map(formatFieldError), result, text);
  }
});

test("what is no JSON object is told in the words of Go's decoder", () => {
  for (const { text, error } of readCases<TextCase<string>>("go-json-objects", 60)) {
    assert.equal(goJsonObjectError(Buffer.from(text)), error, text);
  }
});

test("strings are quoted as Go quotes them", () => {
  for (const { text, result } of readCases<TextCase<string>>("go-quotes", 30)) assert.equal(goQuote(text), result);
});

test("goJsonObjectError does not recurse, and stops at Go's depth", () => {
  const nested = (depth: number): Buffer => Buffer.from(`{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`);
  assert.equal(goJsonObjectError(nested(9_999)), undefined);
  assert.equal(goJsonObjectError(nested(10_000)), "invalid character '[' exceeded max depth");
  assert.equal(goJsonObjectError(nested(300_000)), "invalid character '[' exceeded max depth");
});

test("names as long as a body are checked without trouble", () => {
  for (const text of ["a".repeat(3_000_000), `${"a.".repeat(1_500_000)}!`, "-".repeat(3_000_000)]) {
    for (const check of [
      dns1123LabelErrors,
      dns1123SubdomainErrors,
      qualifiedNameErrors,
      labelValueErrors,
      configMapKeyErrors,
    ]) {
      assert.ok(check(text).length > 0);
    }
  }
});

test("a body of nothing but bad keys is checked without trouble", () => {
  const rules = { group: "", namespaced: true, validateName: nameIsDnsSubdomain };
  const labels = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`!${index}`, "!"]));
  const ownerReferences = Array.from({ length: 20_000 }, (_, index) => ({
    uid: "u",
    name: `${index}`,
    controller: true,
  }));
  const managedFields = [{ manager: "\u0007".repeat(500_000) }];
  const object = cloneJson<JsonObject>({ metadata: { labels, ownerReferences, managedFields } });
  const errors = validateObjectMeta(object, rules);
  assert.ok(errors.length > 400_000);
  assert.ok(formatFieldErrors(errors).length < 1_000_000);
  const text = formatFieldErrors(errors.filter(({ field }) => !field.endsWith("labels")));
  assert.ok(text.length < 10_000_000);
});
