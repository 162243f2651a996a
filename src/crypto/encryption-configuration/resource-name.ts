/** A resource of a group, or all of one (`*`), as a configuration names it. */
export interface GroupResource {
  /** "" is the core group, `*` every group. */
  readonly group: string;
  readonly resource: string;
}

/** `secrets`, `deployments.apps`, `*.`, `*.apps`, `*.*`: the resource ends at the first dot. */
export function parseGroupResource(text: string): GroupResource {
  const dot = text.indexOf(".");
  return dot < 0 ? { group: "", resource: text } : { group: text.slice(dot + 1), resource: text.slice(0, dot) };
}

/** The same as a text; every resource of the core group is `*.`. */
export function formatGroupResource({ group, resource }: GroupResource): string {
  if (group === "") return resource === "*" ? "*." : resource;
  return `${resource}.${group}`;
}
