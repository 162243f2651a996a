import assert from "node:assert/strict";
import { test } from "node:test";
import { readImpersonation } from "./impersonation.ts";

/** Headers as `Name: value` lines. */
function read(...lines: string[]) {
  return readImpersonation(lines.flatMap((line) => line.split(": ")));
}

const needs = (...lines: string[]) =>
  read(...lines)?.needs.map(({ apiGroup, resource, subresource, namespace, name }) =>
    [apiGroup, subresource === "" ? resource : `${resource}/${subresource}`, namespace, name].join(" "),
  );

const cases: [name: string, headers: string[], groups: string[], needs: string[]][] = [
  ["a user", ["Impersonate-User: bob"], ["system:authenticated"], [" users  bob"]],
  [
    "a user with groups, of which one has a comma in its name",
    ["Impersonate-User: bob", "impersonate-group: a, b", "Impersonate-Group: c"],
    ["a, b", "c", "system:authenticated"],
    [" users  bob", " groups  a, b", " groups  c"],
  ],
  [
    "an account",
    ["Impersonate-User: system:serviceaccount:ns:sa"],
    ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
    [" serviceaccounts ns sa"],
  ],
  [
    "an account with groups, which are all it has",
    ["Impersonate-User: system:serviceaccount:ns:sa", "Impersonate-Group: g"],
    ["g", "system:authenticated"],
    [" serviceaccounts ns sa", " groups  g"],
  ],
  [
    "what only begins like an account",
    ["Impersonate-User: system:serviceaccount:ns:sa:x"],
    ["system:authenticated"],
    [" users  system:serviceaccount:ns:sa:x"],
  ],
  ["nobody", ["Impersonate-User: system:anonymous"], ["system:unauthenticated"], [" users  system:anonymous"]],
  [
    "somebody who is not authenticated",
    ["Impersonate-User: bob", "Impersonate-Group: system:unauthenticated"],
    ["system:unauthenticated"],
    [" users  bob", " groups  system:unauthenticated"],
  ],
  [
    "extras and a uid",
    [
      "Impersonate-User: bob",
      "Impersonate-Uid: 7",
      "Impersonate-Extra-Acme.com%2Fproject: x",
      "Impersonate-Extra-A%: y",
    ],
    ["system:authenticated"],
    [
      " users  bob",
      "authentication.k8s.io userextras/acme.com/project  x",
      "authentication.k8s.io userextras/a%  y",
      "authentication.k8s.io uids  7",
    ],
  ],
];

for (const [name, headers, groups, expected] of cases) {
  test(`The headers ask for ${name}`, () => {
    assert.deepEqual(read(...headers)?.user.groups, groups);
    assert.deepEqual(needs(...headers), expected);
  });
}

test("The first user and uid count, and each value of an extra", () => {
  const asked = read(
    "Impersonate-User: bob",
    "Impersonate-User: root",
    "Impersonate-Extra-K: 1",
    "Impersonate-Extra-k: 2",
  );
  assert.equal(asked?.user.name, "bob");
  assert.deepEqual([...(asked?.user.extra ?? [])], [["k", ["1", "2"]]]);
});

test("Headers without a user are refused, and no headers ask for nobody", () => {
  assert.equal(read("Accept: application/json"), undefined);
  for (const header of ["Impersonate-Group: system:masters", "Impersonate-Uid: 7", "Impersonate-Extra-A: x"]) {
    assert.throws(() => read(header), { code: 400, message: /^requested .* without impersonating a user$/ });
  }
});
