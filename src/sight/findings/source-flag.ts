import type { SourceType } from "../facts/fact-set.ts";

/** Of a command that shows whether something is mended: where it reads. A running cluster is what it reads by itself. */
export function sourceFlag(source: SourceType): string {
  switch (source) {
    case "cluster":
      return "";
    case "dump":
      return " --dump cluster.json";
    case "manifests":
      return " --git .";
    default:
      return source satisfies never;
  }
}
