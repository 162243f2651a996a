import assert from "node:assert/strict";
import { test } from "node:test";

import { errorCodes, StrongroomError } from "../errors/strongroom-error.ts";
import type { ErrorCode } from "../errors/strongroom-error.ts";
import { usageError } from "./command-failure.ts";
import { explainError } from "./explain-error.ts";

/** The codes with an exit code of their own; every other one is a plain failure. */
const exitCodeOf: Partial<Record<ErrorCode, number>> = { sealed: 3, unavailable: 4, invalid: 2, "too-large": 2 };

for (const code of errorCodes) {
  const exitCode = exitCodeOf[code] ?? 1;
  test(`explainError gives ${code} the exit code ${exitCode} and its own message`, () => {
    const explanation = explainError(new StrongroomError(code, "it must hold"));
    assert.equal(explanation.exitCode, exitCode);
    assert.equal(explanation.message, "it must hold");
  });
}

function listenError(code: string): Error {
  return Object.assign(new Error("listen"), { code, errno: -1, syscall: "listen", address: "::1", port: 8443 });
}

const listening: readonly (readonly [string, number, string])[] = [
  ["EADDRINUSE", 4, "[::1]:8443 is in use by another program"],
  ["EADDRNOTAVAIL", 2, "[::1]:8443 is no address of this machine"],
  ["EACCES", 2, "this user may not listen on [::1]:8443"],
];

for (const [code, exitCode, message] of listening) {
  test(`explainError says of ${code}: ${message}`, () => {
    for (const error of [listenError(code), new StrongroomError("unavailable", "x", { cause: listenError(code) })]) {
      const explanation = explainError(error);
      assert.equal(explanation.exitCode, exitCode);
      assert.equal(explanation.message, message);
      assert.match(explanation.advice ?? "", /--listen/);
    }
  });
}

test("explainError keeps the words of a usage error", () => {
  assert.deepEqual(explainError(usageError("a must be b", "Write b.")), {
    exitCode: 2,
    message: "a must be b",
    advice: "Write b.",
  });
});

test("explainError shows the stack of a defect, and only there", () => {
  assert.match(explainError(new TypeError("x is undefined")).message, /TypeError: x is undefined\n +at /);
  const refusal = Object.assign(new Error("EACCES: permission denied, open '/x'"), { errno: -13, syscall: "open" });
  assert.equal(explainError(refusal).message, "EACCES: permission denied, open '/x'");
});
