/** What can be asked of a live graph, and its answer; both go from thread to thread. */
import { pathsBetween } from "../questions/path-between.ts";
import type { PathsAnswer } from "../questions/path-between.ts";
import { whatCan } from "../questions/what-can.ts";
import type { WhatCanAnswer } from "../questions/what-can.ts";
import { whoCan } from "../questions/who-can.ts";
import type { WhoCanAnswer } from "../questions/who-can.ts";
import type { SecretName, SecurityGraph } from "../graph/security-graph.ts";

export type SightQuestion =
  | {
      readonly type: "who-can";
      readonly secret: SecretName;
      readonly onlyDirect: boolean;
      /** Undefined for any number of steps. */
      readonly hopsMax: number | undefined;
      /** How many readers are told at most, the worst first. */
      readonly limit: number;
    }
  | { readonly type: "what-can"; readonly subject: string; readonly limit: number }
  /** At most `limit` ways. */
  | { readonly type: "path"; readonly from: string; readonly to: string; readonly limit: number };

/** An answer, of whose longest lists at most `limit` items are told. `total` says how many there are. */
export type SightAnswer =
  | (WhoCanAnswer & { readonly total: number })
  | (WhatCanAnswer & { readonly total: number })
  | PathsAnswer;

/** Raises `invalid` for a text that names nothing. */
export function answerQuestion(graph: SecurityGraph, question: SightQuestion): SightAnswer {
  switch (question.type) {
    case "who-can": {
      const { secret, onlyDirect, hopsMax = Infinity, limit } = question;
      const answer = whoCan(graph, secret, { onlyDirect, hopsMax });
      return { ...answer, readers: answer.readers.slice(0, limit), total: answer.readers.length };
    }
    case "what-can": {
      const answer = whatCan(graph, question.subject);
      const { namespaces, secrets, identities } = answer;
      const cut = <Item>(items: readonly Item[]) => items.slice(0, question.limit);
      const total = Math.max(namespaces.length, secrets.length, identities.length);
      return { ...answer, namespaces: cut(namespaces), secrets: cut(secrets), identities: cut(identities), total };
    }
    case "path":
      return pathsBetween(graph, question.from, question.to, question.limit);
    default:
      return question satisfies never;
  }
}
