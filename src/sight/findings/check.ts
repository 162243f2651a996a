/** What is the same of all findings of a check. */

/** Where the same is asked for. Numbers of CIS Kubernetes 1.12, of Kubescape's controls for NSA, OWASP Kubernetes 2025, ATT&CK. */
export interface Frameworks {
  readonly cis: readonly string[];
  readonly nsa: readonly string[];
  readonly owaspK8s: readonly string[];
  readonly attack: readonly string[];
}

export interface Check {
  /** A word for people; the id is for machines. */
  readonly name: string;
  readonly title: string;
  /** From 0 to 10, unless a finding has its own. */
  readonly score: number;
  readonly frameworks: Frameworks;
  /** Why it matters. */
  readonly explanation: string;
  readonly fix: string;
}

/** Reads `cis 5.1.2 owasp K03 attack T1552.001 nsa C-0012`; each list may be left out. */
export function frameworks(text: string): Frameworks {
  const found = { cis: [] as string[], nsa: [] as string[], owasp: [] as string[], attack: [] as string[] };
  let list: string[] | undefined;
  for (const word of text.split(" ")) {
    if (word === "cis" || word === "nsa" || word === "owasp" || word === "attack") list = found[word];
    else if (list === undefined) throw new TypeError(`a framework must come first: ${text}`);
    else list.push(word);
  }
  const { cis, nsa, owasp: owaspK8s, attack } = found;
  return { cis, nsa, owaspK8s, attack };
}
