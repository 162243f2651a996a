/** The manifests of examples/ are what a newcomer applies first: they must be right, and complete. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { mergeStringData } from "../patch/secret-string-data.ts";
import { formatFieldError } from "../validation/field-error-format.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { secretTypes } from "../validation/secret.ts";
import { podKind } from "./pod.ts";
import { secretKind } from "./secret.ts";
import { ownMetadata } from "./system-fields.ts";
import { validateCreate } from "./validate-object.ts";

const examples = new URL("../../../../examples/", import.meta.url);

function manifests(folder: string): [file: string, manifest: JsonObject][] {
  return readdirSync(new URL(folder, examples)).map((file) => [
    file,
    cloneJson(parse(readFileSync(new URL(`${folder}${file}`, examples), "utf8")) as JsonObject), // one object a file
  ]);
}

for (const [file, secret] of manifests("secrets/")) {
  test(`examples/secrets/${file} is a Secret without errors and warnings`, () => {
    assert.deepEqual([secret["apiVersion"], secret["kind"]], ["v1", "Secret"]);
    mergeStringData(secret);
    secretKind.strategy.prepareForCreate(secret);
    ownMetadata(secret)["namespace"] ??= "default";
    assert.deepEqual(validateCreate(secretKind, secret).map(formatFieldError), []);
    assert.deepEqual(secretKind.strategy.warnings(secret), []);
  });
}

test("examples/secrets has every type of the documentation, and README.md names every file", () => {
  const types = new Set(manifests("secrets/").map(([, secret]) => stringField(secret, "type")));
  for (const type of Object.values(secretTypes)) assert.ok(types.has(type), type);
  const readme = readFileSync(new URL("README.md", examples), "utf8");
  for (const [file, manifest] of [...manifests("secrets/"), ...manifests("pods/")]) {
    assert.ok(readme.includes(`| ${file} | `), file);
    if (manifest["kind"] === "Secret")
      assert.ok(readme.includes(` ${stringField(metadataOf(manifest), "name")}`), file);
  }
});

test("examples/pods refer to Secrets of examples/secrets, but for the dangling one", () => {
  const names = new Set(manifests("secrets/").map(([, secret]) => stringField(metadataOf(secret), "name")));
  const dangling = manifests("pods/").flatMap(([file, pod]) =>
    [...JSON.stringify(pod).matchAll(/"secretName":"([^"]+)"/g)]
      .map(([, name]) => name ?? "")
      .filter((name) => !names.has(name))
      .map((name) => [file, name]),
  );
  assert.deepEqual(dangling, [["dangling-reference.yaml", "file-secret"]]);
});

for (const [file, pod] of manifests("pods/")) {
  if (pod["kind"] !== "Pod") continue;
  test(`examples/pods/${file} is a Pod without errors and warnings`, () => {
    podKind.internalize?.(pod);
    podKind.strategy.prepareForCreate(pod);
    ownMetadata(pod)["namespace"] ??= "default";
    assert.deepEqual(validateCreate(podKind, pod).map(formatFieldError), []);
    assert.deepEqual(podKind.strategy.warnings(pod), []);
  });
}
