import assert from "node:assert/strict";
import { test } from "node:test";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { isExpired, matcherOf, readExceptions } from "./exceptions.ts";
import { sampleFinding } from "../../../test/support/report-samples.ts";

const head = "apiVersion: strongroom.dev/v1\nkind: ScanExceptions\nexceptions:\n";
const one = "  - check: SR-ACC-001\n    object: User jane\n    reason: she knows\n    expires: 2026-12-31\n";

test("An exception is read with the line that it begins at", () => {
  assert.deepEqual(readExceptions(`${head}${one}${one.replace("2026-12-31", "'2027-01-01'")}`, "e.yaml"), [
    {
      fingerprint: undefined,
      check: "SR-ACC-001",
      object: "User jane",
      reason: "she knows",
      expires: "2026-12-31",
      place: "e.yaml:4",
    },
    {
      fingerprint: undefined,
      check: "SR-ACC-001",
      object: "User jane",
      reason: "she knows",
      expires: "2027-01-01",
      place: "e.yaml:8",
    },
  ]);
  assert.deepEqual(readExceptions(`${head}  []\n`, "e.yaml"), []);
});

test("A file that is not exactly so is refused with its place", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /e\.yaml must begin with apiVersion/],
    ["a: [", /e\.yaml:\d+ must be YAML/],
    ["apiVersion: strongroom.dev/v1\nkind: ScanExceptions\n", /must have a list named exceptions/],
    [`${head}  []\nmore: 1\n`, /no field "more"/],
    [`${head}  - 1\n`, /e\.yaml:4: an exception must be a mapping/],
    [head + one.replace("reason", "reasons"), /e\.yaml:4: there is no field "reasons"/],
    [head + one.replace("she knows", "' '"), /reason must be a text/],
    [head + one.replace("    reason: she knows\n", ""), /must have a reason/],
    [head + one.replace("2026-12-31", "2026-02-30"), /expires must be a day/],
    [head + one.replace("2026-12-31", "never"), /expires must be a day/],
    [head + one.replace("    object: User jane\n", ""), /both a check and an object/],
    [`${head}  - reason: x\n    expires: 2026-12-31\n`, /must have a fingerprint, or else/],
    [head + one.replace("check:", "fingerprint: a\n    check:"), /must have a fingerprint, or else/],
    [`${head}${one}    reason: again\n`, /must be YAML/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => readExceptions(text, "e.yaml"),
      (error) => isStrongroomError(error) && error.code === "invalid" && message.test(error.message),
      text,
    );
  }
});

test("An exception holds to the end of its day in UTC", () => {
  const [exception] = readExceptions(head + one, "e.yaml");
  assert.ok(exception);
  assert.equal(isExpired(exception, new Date("2026-12-31T23:59:59.999Z")), false);
  assert.equal(isExpired(exception, new Date("2027-01-01T00:00:00Z")), true);
});

test("An exception fits by fingerprint, or by check and object with asterisks", () => {
  const finding = sampleFinding({
    check: "SR-ACC-001",
    object: { kind: "RoleBinding", namespace: "prod", name: "readers-of-db", place: "" },
  });
  const fits = (check: string, object: string) =>
    matcherOf({ fingerprint: undefined, check, object, reason: "", expires: "", place: "" })(finding);
  for (const object of [
    "RoleBinding prod/readers-of-db",
    "*",
    "RoleBinding prod/*",
    "*-db",
    "Role*/read*of*db",
    "**",
  ]) {
    assert.ok(fits("SR-ACC-001", object), object);
  }
  for (const object of ["RoleBinding prod/readers", "RoleBinding", "prod/*", "*db-of*", "*of-db*of-db", ""]) {
    assert.ok(!fits("SR-ACC-001", object), object);
  }
  assert.ok(!fits("SR-ACC-002", "*"));
  const byPrint = (fingerprint: string) =>
    matcherOf({ fingerprint, check: undefined, object: undefined, reason: "", expires: "", place: "" })(finding);
  assert.ok(byPrint(finding.fingerprint));
  assert.ok(!byPrint("0"));
});
