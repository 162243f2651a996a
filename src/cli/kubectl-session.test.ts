import assert from "node:assert/strict";
import { test } from "node:test";

import { kubectlSession, shellWord } from "./kubectl-session.ts";

const session = { kubeconfig: "/data/admin.kubeconfig", manifests: "/src/sr/examples/secrets", applied: false };

const places: readonly (readonly [string, string])[] = [
  ["/src/sr", "kubectl apply -f examples/secrets/"],
  ["/src", "kubectl apply -f sr/examples/secrets/"],
  ["/src/sr/examples/secrets", "kubectl apply -f /src/sr/examples/secrets/"],
  ["/home/jane", "kubectl apply -f /src/sr/examples/secrets/"],
];

for (const [shellDirectory, line] of places) {
  test(`kubectlSession says ${JSON.stringify(line)} to a shell in ${shellDirectory}`, () => {
    assert.equal(kubectlSession({ ...session, shellDirectory })[2], line);
  });
}

test("kubectlSession points kubectl at the kubeconfig first", () => {
  assert.equal(kubectlSession({ ...session, shellDirectory: "/" })[0], "export KUBECONFIG=/data/admin.kubeconfig");
});

test("shellWord quotes what a shell would split or expand", () => {
  assert.equal(shellWord("/a/b-c_1.yaml"), "/a/b-c_1.yaml");
  assert.equal(shellWord("/my files/$HOME"), "'/my files/$HOME'");
  assert.equal(shellWord("it's"), `'it'\\''s'`);
  assert.equal(shellWord(""), "''");
});
