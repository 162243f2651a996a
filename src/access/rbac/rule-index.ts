/**
 * Which roles allow an action, without looking at each rule.
 *
 * Each rule has a slot; each word that rules use (a verb, a group, a resource, a name, a path) has the set of slots of
 * the rules that use it. What allows an action is the intersection of a few such sets, as bits. So a decision costs
 * some words of bits per 32 rules, and a rule costs in memory what it has words: never their product, which a rule of
 * a few kilobytes could make millions.
 */
import { everything, resourceForms, urlPrefix } from "./policy-rule.ts";
import type { Action, PolicyRule } from "./policy-rule.ts";
import { SlotNumbers, SlotSet, setBit, withRoom } from "./slot-set.ts";

/** A rule that was added, for its removal. */
export interface IndexedRule {
  readonly slot: number;
  readonly rule: PolicyRule;
}

export class RuleIndex {
  readonly #slots = new SlotNumbers();
  /** The role of each slot. */
  readonly #roles: number[] = [];
  readonly #verbs = new WordSets();
  readonly #groups = new WordSets();
  readonly #resources = new WordSets();
  readonly #names = new WordSets();
  /** Rules about all names. */
  readonly #unnamed = new SlotSet();
  readonly #urls = new WordSets();
  readonly #urlPrefixes = new PrefixSets();
  #matching = new Uint32Array(0);
  #dimension = new Uint32Array(0);

  add(rule: PolicyRule, role: number): IndexedRule {
    const slot = this.#slots.take();
    this.#roles[slot] = role;
    this.#matching = withRoom(this.#matching, slot);
    this.#dimension = withRoom(this.#dimension, slot);
    this.#eachSet(rule, (sets, word) => sets.add(word, slot));
    if (rule.resourceNames.length === 0) this.#unnamed.add(slot);
    return { slot, rule };
  }

  remove({ slot, rule }: IndexedRule): void {
    this.#eachSet(rule, (sets, word) => sets.delete(word, slot));
    if (rule.resourceNames.length === 0) this.#unnamed.delete(slot);
    this.#slots.give(slot);
  }

  /** Sets the bits of the roles that allow an action in `roles`, which must have room for them; whether there are any. */
  rolesAllowing(action: Action, roles: Uint32Array): boolean {
    const matching = this.#matching;
    matching.fill(0);
    this.#findTargets(action, matching);
    this.#narrow((bits) => {
      this.#verbs.addTo(action.verb, bits);
      this.#verbs.addTo(everything, bits);
    });
    let found = false;
    for (let index = 0; index < matching.length; index++) {
      for (let bits = matching[index]!; bits !== 0; bits &= bits - 1) {
        const slot = (index << 5) + 31 - Math.clz32(bits & -bits);
        setBit(roles, this.#roles[slot]!); // a slot in a set has a role
        found = true;
      }
    }
    return found;
  }

  #findTargets({ resource, path }: Action, matching: Uint32Array): void {
    if (resource === undefined) {
      this.#urls.addTo(path ?? "", matching);
      this.#urlPrefixes.addTo(path ?? "", matching);
      return;
    }
    for (const form of resourceForms(resource)) this.#resources.addTo(form, matching);
    this.#narrow((bits) => {
      this.#groups.addTo(resource.apiGroup, bits);
      this.#groups.addTo(everything, bits);
    });
    this.#narrow((bits) => {
      this.#unnamed.addTo(bits);
      this.#names.addTo(resource.name, bits);
    });
  }

  /** Keeps of what matches so far what is also in the sets that `fill` adds. */
  #narrow(fill: (bits: Uint32Array) => void): void {
    const [matching, dimension] = [this.#matching, this.#dimension];
    dimension.fill(0);
    fill(dimension);
    for (let index = 0; index < matching.length; index++) {
      matching[index] = matching[index]! & dimension[index]!; // of one length
    }
  }

  #eachSet(rule: PolicyRule, visit: (sets: WordSets | PrefixSets, word: string) => void): void {
    const visitAll = (sets: WordSets | PrefixSets, words: readonly string[]) => {
      for (const word of new Set(words)) visit(sets, word);
    };
    visitAll(this.#verbs, rule.verbs);
    visitAll(this.#groups, rule.apiGroups);
    visitAll(this.#resources, rule.resources);
    visitAll(this.#names, rule.resourceNames);
    visitAll(
      this.#urls,
      rule.nonResourceURLs.filter((url) => urlPrefix(url) === undefined),
    );
    visitAll(
      this.#urlPrefixes,
      rule.nonResourceURLs.flatMap((url) => urlPrefix(url) ?? []),
    );
  }
}

/** A set of slots for each word. */
class WordSets {
  readonly #sets = new Map<string, SlotSet>();

  /** Whether the word is new. */
  add(word: string, slot: number): boolean {
    const known = this.#sets.get(word);
    const set = known ?? new SlotSet();
    if (known === undefined) this.#sets.set(word, set);
    set.add(slot);
    return known === undefined;
  }

  /** Whether the word is gone. */
  delete(word: string, slot: number): boolean {
    const set = this.#sets.get(word);
    set?.delete(slot);
    return set?.size === 0 && this.#sets.delete(word);
  }

  addTo(word: string, bits: Uint32Array): void {
    this.#sets.get(word)?.addTo(bits);
  }
}

/** A set of slots for each beginning of a path. A path is looked up by its beginnings of the lengths there are. */
class PrefixSets {
  readonly #sets = new WordSets();
  /** How many prefixes have each length. */
  readonly #lengths = new Map<number, number>();

  add(prefix: string, slot: number): void {
    if (this.#sets.add(prefix, slot)) this.#count(prefix.length, 1);
  }

  delete(prefix: string, slot: number): void {
    if (this.#sets.delete(prefix, slot)) this.#count(prefix.length, -1);
  }

  addTo(path: string, bits: Uint32Array): void {
    for (const length of this.#lengths.keys()) {
      if (length <= path.length) this.#sets.addTo(path.slice(0, length), bits);
    }
  }

  #count(length: number, change: number): void {
    const count = (this.#lengths.get(length) ?? 0) + change;
    if (count === 0) this.#lengths.delete(length);
    else this.#lengths.set(length, count);
  }
}
