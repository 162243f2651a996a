/**
 * WhoCanReview, WhatCanReview and PathReview: who can read which secret, by which way, as this server stands now.
 *
 * Kinds of our own group, answered like the reviews of Kubernetes. Whoever may create them learns names of secrets, roles
 * and bindings of every namespace: no default role but cluster-admin gives them.
 */
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import { ApiError } from "../api-error.ts";
import { cloneJson } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { DescribedKind } from "../kinds/kind.ts";
import { strongroomGroup } from "../kinds/strongroom-group.ts";
import { message } from "../schema/messages.ts";
import { invalid, invalidPrinted, required } from "../validation/field-error-constructors.ts";
import { fieldErrorCauses, invalidMessage } from "../validation/field-error-format.ts";
import type { FieldError } from "../validation/field-error.ts";
import { objectField, stringField } from "../validation/object-fields.ts";
import { reviewBase } from "./review.ts";
import type { Review } from "./review.ts";

/** What is asked of whoever answers; `limit` is how many items of a list are told at most. */
export type SightReviewQuestion =
  | {
      readonly type: "who-can";
      readonly secret: { readonly namespace: string; readonly name: string };
      readonly onlyDirect: boolean;
      readonly hopsMax: number | undefined;
      readonly limit: number;
    }
  | { readonly type: "what-can"; readonly subject: string; readonly limit: number }
  | { readonly type: "path"; readonly from: string; readonly to: string; readonly limit: number };

/** Answers with an object of the form of docs/sight.md. Raises `invalid` for what names nothing, `unavailable`. */
export interface SightAnswers {
  ask(question: SightReviewQuestion): Promise<object>;
}

const limitDefault = 100;
const limitMax = 1000;

interface SightReview {
  readonly kind: string;
  /** Fields of the spec that must not be empty. */
  readonly required: readonly string[];
  /** Fields that must be from 1 up to a number. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly question: (spec: Readonly<JsonObject>) => SightReviewQuestion;
}

const limits = new Map([["limit", limitMax]]);

const rows: readonly SightReview[] = [
  {
    kind: "PathReview",
    required: ["from", "to"],
    numbers: limits,
    question: (spec) => ({
      type: "path",
      from: stringField(spec, "from"),
      to: stringField(spec, "to"),
      limit: numberField(spec, "limit") ?? limitDefault,
    }),
  },
  {
    kind: "WhatCanReview",
    required: ["subject"],
    numbers: limits,
    question: (spec) => ({
      type: "what-can",
      subject: stringField(spec, "subject"),
      limit: numberField(spec, "limit") ?? limitDefault,
    }),
  },
  {
    kind: "WhoCanReview",
    required: ["namespace", "secret"],
    numbers: new Map([...limits, ["maxHops", 1_000_000]]),
    question: (spec) => ({
      type: "who-can",
      secret: { namespace: stringField(spec, "namespace"), name: stringField(spec, "secret") },
      onlyDirect: spec["direct"] === true,
      hopsMax: numberField(spec, "maxHops"),
      limit: numberField(spec, "limit") ?? limitDefault,
    }),
  },
];

/** For discovery and OpenAPI. */
export const sightReviewKinds: readonly DescribedKind[] = rows.map(({ kind }) => described(kind));

/** The reviews, answered by whoever has the graph. */
export function sightReviews(answers: SightAnswers): readonly Review[] {
  return rows.map((row) => ({
    ...described(row.kind),
    statusAsAnswered: true,
    async answer(review) {
      const spec = objectField(review, "spec");
      const errors = specErrors(row, spec);
      if (errors.length > 0) throw invalidReview(row.kind, errors);
      review["status"] = treeOf(await asked(answers, row, spec));
      return review;
    },
  }));
}

function described(kind: string) {
  const singular = kind.toLowerCase();
  return {
    ...reviewBase,
    group: strongroomGroup,
    kind,
    resource: `${singular}s`,
    singular,
    namespaced: false,
    schema: message("strongroom-v1", kind),
  };
}

function specErrors(row: SightReview, spec: Readonly<JsonObject>): FieldError[] {
  const missing = row.required.filter((name) => stringField(spec, name) === "");
  const numbers = [...row.numbers].flatMap(([name, most]) => {
    const number = numberField(spec, name);
    if (number === undefined || (number >= 1 && number <= most)) return [];
    return [invalidPrinted(`spec.${name}`, String(number), `must be between 1 and ${most}, inclusive`)];
  });
  return [...missing.map((name) => required(`spec.${name}`, "")), ...numbers];
}

async function asked(answers: SightAnswers, row: SightReview, spec: Readonly<JsonObject>): Promise<object> {
  try {
    return await answers.ask(row.question(spec));
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code !== "invalid") throw error;
    throw invalidReview(row.kind, [misnamed(row, spec, error.message)]);
  }
}

/** The text that names nothing stands, in quotes, at the beginning of what is wrong with it. */
function misnamed({ required: fields }: SightReview, spec: Readonly<JsonObject>, text: string): FieldError {
  const quoted = (name: string) => JSON.stringify(stringField(spec, name));
  const field = fields.find((name) => text.startsWith(quoted(name))) ?? "";
  return invalid(`spec.${field}`, stringField(spec, field), text.slice(quoted(field).length).trim());
}

function invalidReview(kind: string, errors: readonly FieldError[]): ApiError {
  return new ApiError(422, "Invalid", invalidMessage({ group: strongroomGroup, kind }, "", errors), {
    details: { group: strongroomGroup, kind, causes: fieldErrorCauses(errors) },
  });
}

function numberField(spec: Readonly<JsonObject>, name: string): number | undefined {
  const value = spec[name];
  return typeof value === "number" ? value : undefined;
}

/** Through JSON, which leaves out what is undefined. */
function treeOf(answer: object): JsonValue {
  return cloneJson(JSON.parse(JSON.stringify(answer)) as JsonValue); // what JSON says is a JSON value
}
