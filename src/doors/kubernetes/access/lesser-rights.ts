/**
 * Rights that are enough for less than the whole answer, where RBAC upstream knows all or nothing:
 *
 * - names and metadata of secrets, by a right to `secrets/metadata`, to whoever asks in a form without values (a Table
 *   without objects, PartialObjectMetadata);
 * - the secrets that they may get one by one, to whoever lists or watches and asks for no more (`strongroomFilter=allowed`).
 */
import type { Attributes } from "../../../access/authorizer.ts";
import type { LesserRight } from "../../../gate/gate.ts";
import { badRequest } from "../api-error.ts";
import { metadataSubresource } from "../kinds/kind.ts";
import type { Kind } from "../kinds/kind.ts";
import { negotiateOutput } from "../response/negotiate-output.ts";
import { showsValues } from "../response/output-format.ts";

/** A request as far as it says what form of answer it asks for. */
export interface AskedForm {
  readonly verb: string;
  readonly resource: NonNullable<Attributes["resource"]>;
  readonly accept: string | undefined;
  readonly userAgent: string;
  readonly query: URLSearchParams;
}

/** What a request to a kind of ours (undefined: to another) may be allowed by instead, in order. */
export function lesserRights(kind: Kind | undefined, asked: AskedForm): readonly LesserRight[] {
  if (kind?.valuesIn === undefined || asked.resource.subresource !== "" || !isRead(asked.verb)) return [];
  const rights: LesserRight[] = [];
  if (!asksForValues(asked)) {
    rights.push({ answer: "metadata", needs: { ...asked.resource, subresource: metadataSubresource } });
  }
  if (asked.verb !== "get" && asked.query.get(filterParameter) === filterAllowed) {
    rights.push({ answer: "filtered", needs: undefined });
  }
  return rights;
}

/** The query parameter by which a list or watch is content with what its caller may get, and its only value. */
export const filterParameter = "strongroomFilter";
export const filterAllowed = "allowed";

/** Raises 400 for another value of the parameter: whoever asks for a filter must not be given what it would leave out. */
export function requireKnownFilter(kind: Kind, query: URLSearchParams): void {
  const asked = query.get(filterParameter);
  if (kind.valuesIn === undefined || asked === null || asked === filterAllowed) return;
  throw badRequest(`${filterParameter} must be ${JSON.stringify(filterAllowed)}`);
}

function isRead(verb: string): boolean {
  return verb === "get" || verb === "list" || verb === "watch";
}

function asksForValues({ verb, accept, userAgent, query }: AskedForm): boolean {
  try {
    const views = verb === "get" ? "object" : "list";
    return showsValues(negotiateOutput({ accept, userAgent }, query, { views, watch: verb === "watch" }));
  } catch {
    // No form at all: whoever may not read is not told what is wrong with what they ask for.
    return true;
  }
}
