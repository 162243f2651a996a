/** What makes a way harder without closing it for certain. */

export interface Attenuator {
  /** From 0 to 1; the ease of an edge is multiplied by it. */
  readonly factor: number;
  /** Put after the explanation of the edge. */
  readonly text: string;
}

export const attenuators = {
  "pod-security": {
    factor: 0.3,
    text: "the Pod Security level of the namespace keeps pods from it, as long as the label is there",
  },
  "admission-policy": { factor: 0.6, text: "an admission policy of the cluster may keep it from happening" },
  "closed-egress": {
    factor: 0.6,
    text: "a network policy lets nothing out of the pods of the namespace, and no right to read what they write is held",
  },
  "version-unknown": { factor: 1, text: "whether it holds depends on the version of the server, which is not known" },
  // What is not known to be denied counts as if it were not.
  "secret-policy": {
    factor: 1,
    text: "a policy of the server denies a part of it, by names, labels, conditions or times",
  },
  "may-have-ended": { factor: 0.85, text: "the token is one that ends, and may have ended" },
} as const satisfies Readonly<Record<string, Attenuator>>;

export type AttenuatorId = keyof typeof attenuators;
