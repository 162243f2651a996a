import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checkImports } from "./check-imports.ts";

/** Runs the check over a tree given as path -> text; DEPS files included. */
function check(tree: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), "strongroom-imports-"));
  try {
    for (const [path, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkImports(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const engine = {
  "store/DEPS": "",
  "store/store.ts": "export interface Store {}\nexport const x = 1;\n",
  "store/embedded/DEPS": "store\nnpm:lmdb\n",
  "store/embedded/engine.ts": 'import { open } from "lmdb";\nimport type { Store } from "../store.ts";\n',
};

interface Case {
  readonly name: string;
  readonly tree: Readonly<Record<string, string>>;
  readonly expected: readonly RegExp[];
}

const cases: readonly Case[] = [
  { name: "allowed imports pass", tree: engine, expected: [] },
  {
    name: "a door that imports an engine is refused, though it may import the store",
    tree: {
      ...engine,
      "doors/DEPS": "store\n",
      "doors/a.ts": 'import { x } from "../store/store.ts";\nimport { y } from "../store/embedded/engine.ts";\n',
    },
    expected: [/^src\/doors\/a\.ts may not import src\/store\/embedded\/engine\.ts: declare the interface/],
  },
  {
    name: "a folder that is not listed is refused, also for types and re-exports and dynamic imports",
    tree: {
      ...engine,
      "core/DEPS": "# nothing\n",
      "core/a.ts": 'import type { Store } from "../store/store.ts";\n',
      "core/b.ts": 'export * from "../store/store.ts";\n',
      "core/c.ts": 'const store = await import("../store/store.ts");\n',
      "core/d.ts": 'import {\n  x,\n} from "../store/store.ts";\n',
      "core/e.ts": 'import "../store/store.ts";\n',
    },
    expected: [/core\/a\.ts/, /core\/b\.ts/, /core\/c\.ts/, /core\/d\.ts/, /core\/e\.ts/],
  },
  {
    name: "a type-only permission lets types through and refuses values",
    tree: {
      ...engine,
      "core/DEPS": "type store/store.ts\n",
      "core/a.ts": 'import type { Store } from "../store/store.ts";\n',
      "core/b.ts": 'import { x } from "../store/store.ts";\n',
    },
    expected: [/^src\/core\/b\.ts may import only types from src\/store\/store\.ts: write `import type`/],
  },
  {
    name: "the network modules of Node and packages need a line, other modules of Node none",
    tree: {
      "core/DEPS": "",
      "core/a.ts": 'import { createServer } from "node:http2";\nimport { join } from "node:path";\n',
      "core/b.ts": 'import { parse } from "@scope/yaml/sub";\n',
    },
    expected: [/core\/a\.ts may not import node:http2/, /core\/b\.ts .*`npm:@scope\/yaml` in src\/core\/DEPS/],
  },
  {
    name: "a folder without rules is refused",
    tree: { "loose/a.ts": "export const a = 1;\n" },
    expected: [/^src\/loose\/a\.ts has no rules: write src\/loose\/DEPS/],
  },
  {
    name: "a cycle of values is refused and told along its files, a cycle of types is not",
    tree: {
      "a/DEPS": "",
      "a/one.ts": 'import { two } from "./two.ts";\n',
      "a/two.ts": 'import { three } from "./three.ts";\n',
      "a/three.ts": 'import { one } from "./one.ts";\n',
      "a/four.ts": 'import type { Five } from "./five.ts";\n',
      "a/five.ts": 'import { four } from "./four.ts";\n',
    },
    expected: [/^src\/a\/one\.ts -> src\/a\/two\.ts -> src\/a\/three\.ts -> src\/a\/one\.ts is an import cycle/],
  },
  {
    name: "type inside braces is refused",
    tree: { "a/DEPS": "", "a/b.ts": "export type B = 1;\n", "a/a.ts": 'import { type B } from "./b.ts";\n' },
    expected: [/^src\/a\/a\.ts has `type` inside braces/],
  },
  {
    name: "computed imports, URLs of .ts files and missing files are refused",
    tree: {
      "a/DEPS": "",
      "a/a.ts": "await import(name);\n",
      "a/b.ts": 'new Worker(new URL("./worker.ts", import.meta.url));\n',
      "a/c.ts": 'import { x } from "./gone.ts";\n',
    },
    expected: [/computed path/, /does not exist in the published form/, /gone\.ts, which does not exist/],
  },
  {
    name: "the wiring may import everything but stays below its number of lines",
    tree: {
      ...engine,
      "server/DEPS": "*\nmax-lines 3\n",
      "server/a.ts": 'import { y } from "../store/embedded/engine.ts";\nimport { get } from "node:https";\n',
      "server/b.ts": "export const b = 1;\n",
    },
    expected: [/^the files of src\/server have 3 lines and must have less than 3/],
  },
  {
    name: "tests import what they like, and nothing imports tests",
    tree: {
      ...engine,
      "core/DEPS": "",
      "core/a.test.ts": 'import { y } from "../store/embedded/engine.ts";\nimport { get } from "node:https";\n',
      "core/b.ts": 'import { a } from "./a.test.ts";\n',
    },
    expected: [/^src\/core\/b\.ts imports the test src\/core\/a\.test\.ts/],
  },
  {
    name: "imports in comments are not imports",
    tree: { "a/DEPS": "", "a/a.ts": '/**\n * import("lmdb")\n */\n// import { open } from "lmdb";\n' },
    expected: [],
  },
];

for (const { name, tree, expected } of cases) {
  test(`check-imports: ${name}`, () => {
    const failures = check(tree);
    assert.equal(failures.length, expected.length, failures.join("\n"));
    for (const [index, pattern] of expected.entries()) assert.match(failures[index] ?? "", pattern);
  });
}
