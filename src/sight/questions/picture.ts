/** Paths drawn together: each place once, each step once, for the languages of pictures. */
import { edgeNumber, edgeRules } from "../graph/edge-rules.ts";
import type { Step } from "./path-steps.ts";

export interface PictureEdge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  /** Something that is not so any more, or not certain. */
  readonly dashed: boolean;
}

export interface Picture {
  readonly edges: readonly PictureEdge[];
  /** How many edges were left out, since nobody could read them. */
  readonly leftOut: number;
}

/** What a picture shows at most: tools that draw Mermaid stop at 500 edges. */
export const pictureEdgesMax = 400;

/** The picture of paths; what is in several is in it once. */
export function pictureOf(paths: Iterable<readonly Step[]>, dashed = false): Picture {
  const found: PictureEdge[] = [];
  for (const path of paths) {
    for (const { from, to, edge } of path) {
      found.push({ from, to, label: edgeRules[edgeNumber(edge)]?.name ?? edge, dashed });
    }
  }
  return pictureFrom(found);
}

/** The picture of edges, each once, and no more than can be read. */
export function pictureFrom(found: Iterable<PictureEdge>): Picture {
  const edges = new Map<string, PictureEdge>();
  for (const edge of found) edges.set(JSON.stringify(edge), edge);
  const all = [...edges.values()];
  return { edges: all.slice(0, pictureEdgesMax), leftOut: Math.max(0, all.length - pictureEdgesMax) };
}
