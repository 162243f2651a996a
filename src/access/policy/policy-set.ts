/** All policies, found by whom they are about. */
import type { User } from "../../identity/user.ts";
import { concerns } from "./secret-policy.ts";
import type { SecretPolicy } from "./secret-policy.ts";

export class PolicySet {
  readonly #policies = new Map<string, SecretPolicy>();
  readonly #bySubject = new Map<string, Set<SecretPolicy>>();
  #changes = 0;
  #nextChangeMs = Infinity;

  set(policy: SecretPolicy, nowMs: number): void {
    this.#drop(policy.id);
    this.#policies.set(policy.id, policy);
    for (const key of subjectKeys(policy)) {
      this.#bySubject.set(key, (this.#bySubject.get(key) ?? new Set<SecretPolicy>()).add(policy));
    }
    this.#noteChange(nowMs);
  }

  remove(id: string, nowMs: number): void {
    if (this.#drop(id)) this.#noteChange(nowMs);
  }

  get isEmpty(): boolean {
    return this.#policies.size === 0;
  }

  all(): IterableIterator<SecretPolicy> {
    return this.#policies.values();
  }

  /** Those about a user, whether they hold now or not. */
  about(user: Pick<User, "name" | "groups">): SecretPolicy[] {
    const found = new Set<SecretPolicy>();
    for (const key of [userKey(user.name), ...user.groups.map(groupKey)]) {
      for (const policy of this.#bySubject.get(key) ?? []) if (concerns(policy, user)) found.add(policy);
    }
    return [...found];
  }

  /** Another number whenever what policies say may have become something else; only grows. */
  generation(nowMs: number): number {
    if (nowMs >= this.#nextChangeMs) this.#noteChange(nowMs);
    return this.#changes;
  }

  /** The next time by which what policies say changes by itself. */
  #noteChange(nowMs: number): void {
    this.#changes++;
    this.#nextChangeMs = Infinity;
    for (const { notBeforeMs, notAfterMs, usesTime } of this.#policies.values()) {
      const times = [notBeforeMs, notAfterMs, usesTime ? nowMs + 1000 : Infinity].filter((time) => time > nowMs);
      this.#nextChangeMs = Math.min(this.#nextChangeMs, ...times);
    }
  }

  #drop(id: string): boolean {
    const policy = this.#policies.get(id);
    if (policy === undefined) return false;
    this.#policies.delete(id);
    for (const key of subjectKeys(policy)) {
      const policies = this.#bySubject.get(key);
      if (policies?.delete(policy) === true && policies.size === 0) this.#bySubject.delete(key);
    }
    return true;
  }
}

function subjectKeys({ subjects }: SecretPolicy): Set<string> {
  return new Set(subjects.map(({ type, name }) => (type === "user" ? userKey(name) : groupKey(name))));
}

function userKey(name: string): string {
  return `u:${name}`;
}

function groupKey(name: string): string {
  return `g:${name}`;
}
