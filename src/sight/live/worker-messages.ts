/** What goes between the server's thread and the one that keeps the graph, in order. */
import type { ErrorCode } from "../../errors/strongroom-error.ts";
import type { ObjectState } from "./object-feed.ts";
import type { SightAnswer, SightQuestion } from "./sight-question.ts";

export type ToWorker =
  | { readonly type: "states"; readonly states: readonly ObjectState[] }
  | { readonly type: "ask"; readonly id: number; readonly question: SightQuestion };

export type FromWorker =
  | { readonly type: "answer"; readonly id: number; readonly answer: SightAnswer }
  /** `code` is undefined for a defect. */
  | { readonly type: "refused"; readonly id: number; readonly code: ErrorCode | undefined; readonly message: string };
