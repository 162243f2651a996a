/** The lists of the index. */
import type { Circumstance } from "./circumstance.ts";

/** The names of the lists. What is in a name is told apart by a character that no name of an object has. */
export const terms = {
  /** Every entry. */
  all: "a",
  /** What is about a secret, by its name. */
  secret: (namespace: string, name: string) => `s\0${namespace}\0${name}`,
  /** What a user did or received, what was done as them, and what they did as somebody else. */
  user: (name: string) => `u\0${name}`,
  /** The beginning of a watch. */
  stream: (id: string) => `w\0${id}`,
  /** Refused requests for all secrets of a namespace; "" is the cluster. */
  refusedScope: (namespace: string) => `r\0${namespace}`,
  /** What a cluster reports of requests for all secrets of a namespace; the namespace as it is here. */
  reportedScope: (namespace: string) => `n\0${namespace}`,
  /** What clusters report of requests for all secrets of all their namespaces; which these are is in the circumstance. */
  reportedWhole: "c",
  /** The batches of a cluster's audit that were received. */
  batches: (cluster: string) => `b\0${cluster}`,
} as const;

/** Takes in which list an entry stands, and as what. */
export type AddMark = (term: string, circumstance: Circumstance) => void;
