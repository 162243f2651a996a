import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

/** The folder of the package: two above this file, in the sources (src/cli) as in the published form (dist/cli). */
const packageRoot = resolve(import.meta.dirname, "..", "..");

/** The manifests that come with the package: folders by use, `secrets` among them. */
export const packageExamples = join(packageRoot, "examples");

/** The version of this package. */
export async function readPackageVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8"));
  if (
    typeof manifest === "object" &&
    manifest !== null &&
    "version" in manifest &&
    typeof manifest.version === "string"
  ) {
    return manifest.version;
  }
  throw new TypeError("package.json must name the version");
}
