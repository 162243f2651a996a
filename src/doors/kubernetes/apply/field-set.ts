/**
 * Sets of fields of an object, as a trie of the steps that lead to them.
 *
 *     data, data.a, metadata.labels.x   =   f:data       owned -> f:a       owned
 *                                           f:metadata         -> f:labels        -> f:x  owned
 *
 * Sets are never changed once made: the operations return new ones that share
 * what they can. Every node is owned or has children, so the empty map is the
 * only empty set.
 *
 * Source: structured-merge-diff fieldpath/set.go.
 */
export interface FieldNode {
  /** Whether the field itself is in the set; its children may be when it is not. */
  readonly owned: boolean;
  readonly children: FieldSet;
}

export type FieldSet = ReadonlyMap<string, FieldNode>;

export const emptySet: FieldSet = new Map();
/** The node of a field that is in the set and has none below. */
export const ownedLeaf: FieldNode = { owned: true, children: emptySet };

/** The set of these paths, the empty path left out: nobody owns a whole object. */
export function setOf(paths: Iterable<readonly string[]>): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.insert(path);
  return builder.set;
}

/** What is in any of the sets, in time linear in all of them together. */
export function unionOf(sets: Iterable<FieldSet>): FieldSet {
  const builder = new FieldSetBuilder();
  for (const set of sets) builder.insertAll(set);
  return builder.set;
}

interface MutableNode {
  owned: boolean;
  children: Map<string, MutableNode>;
}

/** Collects paths into a set; the set must not be used before the last one is in. */
export class FieldSetBuilder {
  readonly #root = new Map<string, MutableNode>();

  insert(path: readonly string[]): void {
    let level = this.#root;
    let node: MutableNode | undefined;
    for (const step of path) {
      node = level.get(step);
      if (node === undefined) {
        node = { owned: false, children: new Map() };
        level.set(step, node);
      }
      level = node.children;
    }
    if (node !== undefined) node.owned = true;
  }

  insertAll(set: FieldSet): void {
    insertNodes(this.#root, set);
  }

  get set(): FieldSet {
    return this.#root;
  }
}

function insertNodes(level: Map<string, MutableNode>, set: FieldSet): void {
  for (const [step, { owned, children }] of set) {
    let node = level.get(step);
    if (node === undefined) {
      node = { owned: false, children: new Map() };
      level.set(step, node);
    }
    node.owned ||= owned;
    insertNodes(node.children, children);
  }
}

/** What is in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a.size === 0) return b;
  if (b.size === 0 || a === b) return a;
  const result = new Map(a);
  for (const [step, node] of b) {
    const other = result.get(step);
    if (other === undefined) result.set(step, node);
    else result.set(step, { owned: node.owned || other.owned, children: union(other.children, node.children) });
  }
  return result;
}

/** What is in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (a.size === 0 || b.size === 0) return emptySet;
  const result = new Map<string, FieldNode>();
  for (const [step, node] of a) {
    const other = b.get(step);
    if (other === undefined) continue;
    put(result, step, node.owned && other.owned, intersection(node.children, other.children));
  }
  return result;
}

/** What is in `a` and not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (a.size === 0 || b.size === 0) return a;
  const result = new Map<string, FieldNode>();
  for (const [step, node] of a) {
    const other = b.get(step);
    if (other === undefined) result.set(step, node);
    else put(result, step, node.owned && !other.owned, difference(node.children, other.children));
  }
  return result;
}

/** What is in `a` and neither in `b` nor below a field that is. */
export function differenceWithChildren(a: FieldSet, b: FieldSet): FieldSet {
  if (a.size === 0 || b.size === 0) return a;
  const result = new Map<string, FieldNode>();
  for (const [step, node] of a) {
    const other = b.get(step);
    if (other === undefined) result.set(step, node);
    else if (!other.owned) put(result, step, node.owned, differenceWithChildren(node.children, other.children));
  }
  return result;
}

function put(result: Map<string, FieldNode>, step: string, owned: boolean, children: FieldSet): void {
  if (owned || children.size > 0) result.set(step, { owned, children });
}

/** Whether the field at a path is in the set; never for the empty path. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let level = set;
  let node: FieldNode | undefined;
  for (const step of path) {
    node = level.get(step);
    if (node === undefined) return false;
    level = node.children;
  }
  return node?.owned === true;
}

/** Whether all of `a` is in `b`. */
export function isSubset(a: FieldSet, b: FieldSet): boolean {
  for (const [step, node] of a) {
    const other = b.get(step);
    if (other === undefined || (node.owned && !other.owned) || !isSubset(node.children, other.children)) return false;
  }
  return true;
}
