import assert from "node:assert/strict";
import { test } from "node:test";
import { forbidden, invalid, invalidPrinted, notSupported, required, tooLong } from "./field-error-constructors.ts";
import {
  fieldErrorCauses,
  formatFieldError,
  formatFieldErrors,
  invalidMessage,
  reportedErrorsMax,
} from "./field-error-format.ts";

test("each type of error is printed in upstream's form", () => {
  const errors = [
    invalid("a.b", 'x"y', "must be z"),
    invalidPrinted("a", "3", "must not be decremented"),
    required("a", ""),
    required("a", "why"),
    forbidden("a", "not allowed on this type"),
    tooLong("a", 5),
    notSupported("a", '"x"', ["y", ""]),
  ];
  assert.deepEqual(errors.map(formatFieldError), [
    'a.b: Invalid value: "x\\"y": must be z',
    "a: Invalid value: 3: must not be decremented",
    "a: Required value",
    "a: Required value: why",
    "a: Forbidden: not allowed on this type",
    "a: Too long: may not be more than 5 bytes",
    'a: Unsupported value: "x": supported values: "y", ""',
  ]);
});

const secret = { group: "", kind: "Secret" };

test("the message of a 422 prints one error bare, and several in brackets, equal ones once", () => {
  const [first, second] = [required("a", ""), required("b", "")];
  assert.equal(invalidMessage(secret, "s", [first]), 'Secret "s" is invalid: a: Required value');
  assert.equal(invalidMessage(secret, "s", [first, first]), 'Secret "s" is invalid: a: Required value');
  assert.equal(
    invalidMessage(secret, "s", [first, second]),
    'Secret "s" is invalid: [a: Required value, b: Required value]',
  );
  assert.equal(invalidMessage({ group: "g.io", kind: "Role" }, "", []), 'Role.g.io "" is invalid');
});

test("the causes of a 422 carry reason, message and field", () => {
  assert.deepEqual(fieldErrorCauses([invalid("a", "x", "d"), tooLong("b", 1)]), [
    { reason: "FieldValueInvalid", message: 'Invalid value: "x": d', field: "a" },
    { reason: "FieldValueTooLong", message: "Too long: may not be more than 1 bytes", field: "b" },
  ]);
});

test("no more than 256 errors are reported, and the rest is counted", () => {
  const errors = Array.from({ length: reportedErrorsMax + 10 }, (_, index) => required(`f${index}`, ""));
  const text = formatFieldErrors(errors);
  assert.ok(text.endsWith(`f${reportedErrorsMax - 1}: Required value, and 10 more errors]`));
  assert.equal(fieldErrorCauses(errors).length, reportedErrorsMax);
});
