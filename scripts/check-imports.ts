/**
 * The import rules: `DEPS` files in the folders of src/ say what each folder may
 * import, and this script fails the build with a sentence that tells what to do.
 *
 * A DEPS file governs its folder and everything below it up to the next DEPS
 * file. Files that one DEPS file governs may import each other. Each line allows
 * one thing; `#` starts a comment:
 *
 *   store                       the files that src/store/DEPS governs (not those of DEPS files below it)
 *   store/revision.ts           one file
 *   type store/store.ts         the same, but only in `import type` statements
 *   npm:lmdb                    a package
 *   node:http                   a module of Node that reaches the network, other processes or code (see guardedModules);
 *                               the others need no line
 *   *                           everything
 *   max-lines 400               the files of this folder sum to less
 *
 * Test files (`*.test.ts`) may import what they like; nothing else may import
 * them. Imports that exist at run time form no cycle.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Modules of Node that a folder uses only if its DEPS file says so. */
const guardedModules = new Set(
  "child_process cluster dgram dns dns/promises http http2 https inspector net repl tls vm".split(" "),
);

interface Rules {
  /** Folder relative to src, "" for src itself. */
  readonly folder: string;
  readonly allowed: ReadonlySet<string>;
  readonly allowedTypes: ReadonlySet<string>;
  readonly linesMax: number;
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

interface SourceFile {
  /** Relative to src, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/**
 * Checks the tree below `sourceRoot` and returns one sentence per broken rule,
 * in the order of file names; empty when all is well.
 */
export function checkImports(sourceRoot: string): string[] {
  const failures: string[] = [];
  const names = readdirSync(sourceRoot, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll(sep, "/"));
  const rules = names.filter((name) => name.split("/").at(-1) === "DEPS").map((name) => readRules(sourceRoot, name));
  const files = names
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => readSource(sourceRoot, name));
  for (const file of files) failures.push(...checkFile(sourceRoot, file, rules));
  failures.push(...checkLines(files, rules), ...checkCycles(files));
  return failures;
}

function readRules(sourceRoot: string, path: string): Rules {
  const lines = readFileSync(join(sourceRoot, path), "utf8")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  const limit = lines.find((line) => line.startsWith("max-lines "));
  return {
    folder: dirname(path) === "." ? "" : dirname(path),
    allowed: new Set(lines.filter((line) => !/^(type|max-lines) /.test(line))),
    allowedTypes: new Set(lines.filter((line) => line.startsWith("type ")).map((line) => line.slice(5).trim())),
    linesMax: limit === undefined ? Infinity : Number(limit.slice("max-lines ".length)),
  };
}

function readSource(sourceRoot: string, path: string): SourceFile {
  const text = readFileSync(join(sourceRoot, path), "utf8");
  return { path, text, imports: readImports(text) };
}

/** The import forms of a formatted source: statements begin at the margin, specifiers are literals. */
const statementPattern =
  /^(?:import|export)\s+(type\s+)?(?:[\w$]+\s*,?\s*)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})?\s*from\s*["']([^"']+)["']/gm;
const bareImportPattern = /^import\s*["']([^"']+)["']/gm;
const callPattern = /\bimport\(\s*["']([^"']+)["']/g;

function readImports(text: string): Import[] {
  const code = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, "");
  const found: Import[] = [];
  for (const match of code.matchAll(statementPattern)) {
    found.push({ specifier: match[2] ?? "", typeOnly: match[1] !== undefined });
  }
  for (const pattern of [bareImportPattern, callPattern]) {
    for (const match of code.matchAll(pattern)) found.push({ specifier: match[1] ?? "", typeOnly: false });
  }
  return found;
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

function checkFile(sourceRoot: string, file: SourceFile, rules: readonly Rules[]): string[] {
  const failures = checkForm(file);
  const own = rulesOf(file.path, rules);
  if (own === undefined) {
    const folder = file.path.includes("/") ? `src/${dirname(file.path)}` : "src";
    return [...failures, `src/${file.path} has no rules: write ${folder}/DEPS that says what the folder may import`];
  }
  for (const { specifier, typeOnly } of file.imports) {
    if (!specifier.startsWith(".")) failures.push(...checkPackage(file, specifier, typeOnly, own));
    else failures.push(...checkRelative(sourceRoot, file, { specifier, typeOnly }, own, rules));
  }
  return failures;
}

function checkForm(file: SourceFile): string[] {
  const failures: string[] = [];
  if (isTest(file.path)) return failures;
  if (/^(?:import|export)\s*\{[^}]*\btype\s[^}]*\}\s*from/m.test(file.text)) {
    failures.push(
      `src/${file.path} has \`type\` inside braces, which still loads the other module: ` +
        "write a whole `import type { ... }` statement",
    );
  }
  if (/\bimport\(\s*[^"'\s)]/.test(file.text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, ""))) {
    failures.push(`src/${file.path} imports a computed path: write it as a literal, so that the rules can see it`);
  }
  if (/new URL\(\s*["']\.[^"']*\.ts["']/.test(file.text)) {
    failures.push(
      `src/${file.path} names a .ts file by URL, which does not exist in the published form: ` +
        "take the extension from import.meta.url",
    );
  }
  return failures;
}

/** The rules of the nearest DEPS file at or above the file. */
function rulesOf(path: string, rules: readonly Rules[]): Rules | undefined {
  const above = rules.filter((rule) => rule.folder === "" || path.startsWith(`${rule.folder}/`));
  return above.sort((a, b) => b.folder.length - a.folder.length)[0];
}

function checkPackage(file: SourceFile, specifier: string, typeOnly: boolean, own: Rules): string[] {
  if (isTest(file.path) || own.allowed.has("*")) return [];
  const [, name] = /^node:(.+)$/.exec(specifier) ?? [];
  if (name !== undefined && !guardedModules.has(name)) return [];
  const entry = name === undefined ? `npm:${packageName(specifier)}` : specifier;
  if (own.allowed.has(entry) || (typeOnly && own.allowedTypes.has(entry))) return [];
  return [
    `src/${file.path} may not import ${specifier}: ` +
      `take what it needs as an argument from the caller, or allow \`${entry}\` in ${depsFile(own)} and say why`,
  ];
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function checkRelative(
  sourceRoot: string,
  file: SourceFile,
  wanted: Import,
  own: Rules,
  rules: readonly Rules[],
): string[] {
  const target = targetOf(file.path, wanted.specifier);
  if (!existsSync(join(sourceRoot, target))) {
    return [`src/${file.path} imports ${wanted.specifier}, which does not exist: correct the path`];
  }
  if (isTest(file.path)) return [];
  if (target.startsWith("../")) {
    return [`src/${file.path} imports ${wanted.specifier} from outside src: move what it needs into src`];
  }
  if (isTest(target)) {
    return [`src/${file.path} imports the test src/${target}: move what both need into a file of its own`];
  }
  const theirs = rulesOf(target, rules);
  if (theirs === undefined || theirs === own || own.allowed.has("*")) return [];
  if (own.allowed.has(theirs.folder) || own.allowed.has(target)) return [];
  const asType = own.allowedTypes.has(theirs.folder) || own.allowedTypes.has(target);
  if (asType && wanted.typeOnly) return [];
  if (asType) {
    return [`src/${file.path} may import only types from src/${target}: write \`import type\`, or have it handed in`];
  }
  return [
    `src/${file.path} may not import src/${target}: declare the interface it needs beside it ` +
      `and let src/server hand in the implementation (what it may import is in ${depsFile(own)})`,
  ];
}

function targetOf(path: string, specifier: string): string {
  return join(dirname(path), specifier).replaceAll(sep, "/");
}

function depsFile(rules: Rules): string {
  return rules.folder === "" ? "src/DEPS" : `src/${rules.folder}/DEPS`;
}

function checkLines(files: readonly SourceFile[], rules: readonly Rules[]): string[] {
  return rules.flatMap((rule) => {
    const governed = files.filter((file) => !isTest(file.path) && rulesOf(file.path, rules) === rule);
    const lines = governed.reduce((sum, file) => sum + file.text.trimEnd().split("\n").length, 0);
    if (lines < rule.linesMax) return [];
    const limit = `the files of src/${rule.folder} have ${lines} lines and must have less than ${rule.linesMax}`;
    return [`${limit}: move what is not wiring into the folder it belongs to`];
  });
}

/** One sentence per run-time cycle, told along its files; type-only imports do not exist at run time. */
function checkCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(files.map((file) => [file.path, runtimeTargets(file)]));
  const done = new Set<string>();
  const failures: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const cycle = [...trail.slice(start), path].map((name) => `src/${name}`).join(" -> ");
      failures.push(`${cycle} is an import cycle: move what both ends need into a third file, or import only the type`);
      return;
    }
    if (done.has(path)) return;
    for (const target of edges.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  return failures;
}

function runtimeTargets(file: SourceFile): string[] {
  return file.imports
    .filter((wanted) => !wanted.typeOnly && wanted.specifier.startsWith("."))
    .map((wanted) => targetOf(file.path, wanted.specifier));
}

function main(): void {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const failures = checkImports(join(root, "src"));
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) console.error(`${failures.length} import rules broken in ${relative("", root) || "."}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
