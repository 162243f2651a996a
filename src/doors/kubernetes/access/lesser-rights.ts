/**
 * Rights that are enough for less than the whole answer, where RBAC upstream knows all or nothing:
 *
 * - names and metadata of secrets, by a right to `secrets/metadata`, to whoever asks in a form without values (a Table
 *   without objects, PartialObjectMetadata).
 */
import type { Attributes } from "../../../access/authorizer.ts";
import type { LesserRight } from "../../../gate/gate.ts";
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
  if (asksForValues(asked)) return [];
  return [{ answer: "metadata", needs: { ...asked.resource, subresource: metadataSubresource } }];
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
