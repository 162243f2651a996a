/** Reaches put together: what any of several may allow. */
import type { Reach, ReachedObjects } from "./authorizer.ts";

/** In order of namespace and name, each namespace once; what reaches nothing is left out. */
export function unionOfReaches(reaches: readonly Reach[]): Reach {
  if (reaches.includes("unknown")) return "unknown";
  if (reaches.includes("all")) return "all";
  const byNamespace = new Map<string, Set<string> | "all">();
  for (const reach of reaches) {
    if (typeof reach === "string") continue;
    for (const { namespace, names } of reach) byNamespace.set(namespace, joined(byNamespace.get(namespace), names));
  }
  return [...byNamespace]
    .map(([namespace, names]): ReachedObjects => ({ namespace, names: names === "all" ? names : [...names].sort() }))
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
}

function joined(known: Set<string> | "all" | undefined, names: ReachedObjects["names"]): Set<string> | "all" {
  return known === "all" || names === "all" ? "all" : new Set([...(known ?? []), ...names]);
}
