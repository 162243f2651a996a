import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { formatFieldError, invalidMessage } from "./field-error-format.ts";
import type { Checked } from "./options.ts";
import {
  readCreateOptions,
  readDeleteOptions,
  readDeleteOptionsBody,
  readListOptions,
  readPatchOptions,
  readTableOptions,
  readUpdateOptions,
} from "./options.ts";

type Reader = (query: URLSearchParams) => Checked<unknown>;

const readers: Record<string, Reader> = {
  create: readCreateOptions,
  update: readUpdateOptions,
  patch: (query) => readPatchOptions(query, false),
  apply: (query) => readPatchOptions(query, true),
  delete: readDeleteOptions,
  list: readListOptions,
  table: readTableOptions,
};

const ignoreErrors = "ignoreStoreReadErrorWithClusterBreakingPotential";

const cases: readonly (readonly [reader: string, query: string, errors: string[]])[] = [
  ["create", "", []],
  ["create", "dryRun=All&fieldManager=kubectl&fieldValidation=Strict&unknown=1", []],
  ["create", "dryRun=All&dryRun=All", []],
  ["create", "dryRun=all", ['dryRun: Unsupported value: ["all"]: supported values: "All"']],
  ["create", "dryRun=", ['dryRun: Unsupported value: [""]: supported values: "All"']],
  ["update", "dryRun=All&dryRun=x", ['dryRun: Unsupported value: ["All","x"]: supported values: "All"']],
  ["create", `fieldManager=${"m".repeat(128)}`, []],
  ["create", `fieldManager=${"m".repeat(129)}`, ["fieldManager: Too long: may not be more than 128 bytes"]],
  [
    "create",
    "fieldManager=%C3%A9%07",
    ['fieldManager: Invalid value: "é\\a": invalid character U+0007 (at position 2)'],
  ],
  [
    "update",
    "fieldValidation=strict",
    ['fieldValidation: Unsupported value: "strict": supported values: "", "Ignore", "Strict", "Warn"'],
  ],
  ["patch", "force=true", ["force: Forbidden: may not be specified for non-apply patch"]],
  ["patch", "force=false", ["force: Forbidden: may not be specified for non-apply patch"]],
  ["apply", "force=true&fieldManager=kubectl", []],
  ["apply", "", ["fieldManager: Required value: is required for apply patch"]],
  ["delete", "propagationPolicy=Foreground&gracePeriodSeconds=0&uid=u", []],
  [
    "delete",
    "propagationPolicy=foreground",
    [
      'propagationPolicy: Unsupported value: "foreground": supported values: "Foreground", "Background", "Orphan", "nil"',
    ],
  ],
  [
    "delete",
    "propagationPolicy=Orphan&orphanDependents=true",
    ['propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set'],
  ],
  [
    "delete",
    `${ignoreErrors}=true&propagationPolicy=Orphan&gracePeriodSeconds=1&resourceVersion=3&dryRun=All`,
    [
      `${ignoreErrors}: Invalid value: true: cannot be set together with .dryRun`,
      `${ignoreErrors}: Invalid value: true: cannot be set together with .propagationPolicy`,
      `${ignoreErrors}: Invalid value: true: cannot be set together with .gracePeriodSeconds`,
      `${ignoreErrors}: Invalid value: true: cannot be set together with .preconditions`,
    ],
  ],
  ["list", "limit=500&resourceVersion=0", []],
  ["list", "resourceVersionMatch=Exact&resourceVersion=5", []],
  [
    "list",
    "resourceVersionMatch=Exact",
    ["resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"],
  ],
  [
    "list",
    "resourceVersionMatch=NotOlderThan&resourceVersion=5&continue=t",
    ["resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided"],
  ],
  [
    "list",
    "resourceVersionMatch=exact&resourceVersion=5",
    ['resourceVersionMatch: Unsupported value: "exact": supported values: "Exact", "NotOlderThan", ""'],
  ],
  [
    "list",
    "resourceVersionMatch=Exact&resourceVersion=0",
    ['resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
  ],
  ["list", "sendInitialEvents=true", ["sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"]],
  ["list", "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", []],
  [
    "list",
    "watch=true&sendInitialEvents=false",
    ["resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"],
  ],
  [
    "list",
    "watch=true&resourceVersionMatch=NotOlderThan",
    [
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    ],
  ],
  [
    "list",
    "watch=true&resourceVersionMatch=Exact&continue=t",
    [
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
      'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
    ],
  ],
  ["table", "includeObject=Object", []],
  [
    "table",
    "includeObject=All",
    [`includeObject: Invalid value: "All": must be 'Metadata', 'Object', 'None', or empty`],
  ],
];

for (const [reader, query, errors] of cases) {
  test(`options of ${reader} from "${query.slice(0, 80)}" are ${errors.length === 0 ? "accepted" : "refused with upstream's text"}`, () => {
    const read = readers[reader];
    assert.ok(read);
    assert.deepEqual(read(new URLSearchParams(query)).errors.map(formatFieldError), errors);
  });
}

test("a 422 for options names their kind in its group", () => {
  const { kind, errors } = readCreateOptions(new URLSearchParams("dryRun=x"));
  assert.equal(
    invalidMessage({ group: "meta.k8s.io", kind }, "", errors),
    'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["x"]: supported values: "All"',
  );
});

test("options have the server's defaults", () => {
  assert.deepEqual(readCreateOptions(new URLSearchParams()).options, {
    dryRun: false,
    fieldManager: "",
    fieldValidation: "Warn",
  });
  assert.deepEqual(readListOptions(new URLSearchParams()).options, {
    labelSelector: "",
    fieldSelector: "",
    watch: false,
    allowWatchBookmarks: false,
    resourceVersion: "",
    resourceVersionMatch: "",
    timeoutSeconds: undefined,
    limit: 0,
    continue: "",
    sendInitialEvents: undefined,
  });
  assert.equal(readTableOptions(new URLSearchParams()).options.includeObject, "Metadata");
});

const numbers: readonly (readonly [string, number | string])[] = [
  ["limit=10", 10],
  ["limit=%2B7", 7],
  ["limit=-5", 0],
  ["limit=9223372036854775807", Number.MAX_SAFE_INTEGER],
  ["limit=9223372036854775808", 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
  ["limit=", 'strconv.ParseInt: parsing "": invalid syntax'],
  ["limit=1e3", 'strconv.ParseInt: parsing "1e3": invalid syntax'],
  ["limit=0x10", 'strconv.ParseInt: parsing "0x10": invalid syntax'],
];

for (const [query, expected] of numbers) {
  test(`"${query}" is read as Go reads a 64-bit integer`, () => {
    const read = (): number => readListOptions(new URLSearchParams(query)).options.limit;
    if (typeof expected === "number") assert.equal(read(), expected);
    else assert.throws(read, { name: "OptionsSyntaxError", message: expected });
  });
}

test("only 0 and false are false", () => {
  const watch = (value: string): boolean => readListOptions(new URLSearchParams([["watch", value]])).options.watch;
  assert.deepEqual(["0", "false", "FALSE", "1", "true", "", "no"].map(watch), [
    false,
    false,
    false,
    true,
    true,
    true,
    true,
  ]);
});

test("DeleteOptions of a body are read and checked like those of the query", () => {
  const body = cloneJson<JsonObject>({
    kind: "DeleteOptions",
    apiVersion: "v1",
    propagationPolicy: "Background",
    gracePeriodSeconds: 0,
    preconditions: { uid: "u", resourceVersion: "5" },
    dryRun: ["All"],
  });
  const { options, errors } = readDeleteOptionsBody(body);
  assert.deepEqual(errors, []);
  assert.deepEqual(options, {
    dryRun: true,
    gracePeriodSeconds: 0,
    propagationPolicy: "Background",
    orphanDependents: undefined,
    preconditions: { uid: "u", resourceVersion: "5" },
    ignoreStoreReadError: false,
  });
  const bad = readDeleteOptionsBody(cloneJson<JsonObject>({ [ignoreErrors]: true, preconditions: {}, dryRun: ["No"] }));
  assert.deepEqual(bad.errors.map(formatFieldError), [
    'dryRun: Unsupported value: ["No"]: supported values: "All"',
    `${ignoreErrors}: Invalid value: true: cannot be set together with .dryRun`,
    `${ignoreErrors}: Invalid value: true: cannot be set together with .preconditions`,
  ]);
});
