import { readFileSync } from "node:fs";

/** The version in package.json, which lies beside `src` in a checkout and beside `dist` in a package. */
export function productVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const version = (manifest as { version?: unknown }).version; // an object, as npm requires; checked next
  if (typeof version !== "string") throw new TypeError("package.json must name the version");
  return version;
}
