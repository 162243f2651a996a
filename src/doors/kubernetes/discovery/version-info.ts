/**
 * The answer to /version. Clients decide by `major`, `minor` and `gitVersion` what
 * the server can do, so these say which Kubernetes API it is compatible with; the
 * product's own version is the build part of `gitVersion`, which semantic
 * versioning ignores in comparisons.
 *
 * Source: apimachinery pkg/version/types.go.
 */
import type { JsonValue } from "../codec/json.ts";

/** The release of Kubernetes whose API this server speaks. */
export const compatibleWith = { major: "1", minor: "34", patch: "0" } as const;

/** `v1.34.0`, as documents of that release name it. */
export const compatibleVersion = `v${compatibleWith.major}.${compatibleWith.minor}.${compatibleWith.patch}`;

/** `version` is the product's own, e.g. `0.1.0`. */
export function versionInfo(version: string): JsonValue {
  return {
    major: compatibleWith.major,
    minor: compatibleWith.minor,
    gitVersion: `${compatibleVersion}+strongroom.${version}`,
    gitCommit: "",
    gitTreeState: "",
    buildDate: "",
    goVersion: "",
    compiler: `node ${process.version}`,
    platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
  };
}
