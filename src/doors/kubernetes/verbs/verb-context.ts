/** What every verb is given about its request. */
import type { AnswerEnd } from "../answer-end.ts";
import type { Writer } from "../../../core/secrets/secrets.ts";
import type { GateContext } from "../../../gate/gate.ts";
import type { VisibleObjects } from "../access/visible-objects.ts";
import type { ErrorSubject } from "../api-error.ts";
import { ApiError, badRequest } from "../api-error.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import type { ResourceRequest } from "../request-info.ts";
import type { OutputFormat } from "../response/output-format.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { fieldErrorCauses, invalidMessage } from "../validation/field-error-format.ts";
import type { FieldError } from "../validation/field-error.ts";

export interface VerbContext {
  readonly kind: Kind;
  readonly storage: KindStorage;
  readonly target: ResourceRequest;
  readonly query: URLSearchParams;
  readonly format: OutputFormat;
  readonly gate: GateContext;
  /** Answers to changes have no values for whoever may not read them; false where they are as upstream. */
  readonly withholds: boolean;
  /** Of a list or watch that is content with what its caller may get: the storage has no other objects. */
  readonly filtered?: VisibleObjects;
  /** The caller changes an object whose values they may not read: neither answers nor errors may tell them. */
  readonly withheld: boolean;
  readonly userAgent: string;
  /** Media type of the body without parameters, lower case; "" when the header is missing. */
  readonly contentType: string;
  /** Reads the body, once; raises `too-large`, `invalid`. */
  readonly body: () => Promise<Buffer>;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Buffer;
  readonly uuid: () => string;
  /** Adds a `Warning: 299` header. */
  readonly warn: (text: string) => void;
  /** When an answer that lasts should end. */
  readonly end: AnswerEnd;
}

/** What a verb answers with, before it is encoded. */
export type VerbAnswer =
  | {
      readonly type: "object";
      readonly code: 200 | 201 | 202;
      readonly object: StoredObject;
      readonly stored: boolean;
      /** The object has no values: only its metadata is disclosed. */
      readonly withheld?: boolean;
    }
  | StatusAnswer;

/** A Status (or another tree of its own) in place of an object. */
export interface StatusAnswer {
  readonly type: "status";
  readonly code: number;
  readonly tree: JsonObject;
}

/** The subject of errors about one object of the request's resource. */
export function subjectOf(context: Pick<VerbContext, "kind">, name: string): ErrorSubject {
  return { group: context.kind.group, resource: context.kind.resource, name };
}

/** Who writes, for the versions' record. */
export function writerOf(context: Pick<VerbContext, "gate">): Writer {
  return { author: context.gate.user.name, door: "kubernetes" };
}

/**
 * Raises 422 Invalid when there are errors. `asked` is the Kind the message names
 * (an options type for queries); one that is stored as another is named as that.
 */
export function requireValid(
  asked: { readonly group: string; readonly kind: string; readonly storedAs?: Kind["storedAs"] },
  name: string,
  errors: readonly FieldError[],
): void {
  if (errors.length === 0) return;
  const { group, kind } = asked.storedAs?.kind ?? asked;
  throw new ApiError(422, "Invalid", invalidMessage({ group, kind }, name, errors), {
    details: {
      ...(name !== "" && { name }),
      ...(group !== "" && { group }),
      kind,
      causes: fieldErrorCauses(errors),
    },
  });
}

/** Longest name of any object: of a DNS subdomain, with a dot and a uid behind it where it is one of the trash. */
const nameLengthMax = 253 + 1 + 36;

/** Whether a text could be a part of a storage key: printable ASCII without what has a meaning in a path. */
export function isPathSegment(value: string): boolean {
  return (
    value.length <= nameLengthMax &&
    /^[\x20-\x7e]*$/.test(value) &&
    !/[/%]/.test(value) &&
    value !== "." &&
    value !== ".."
  );
}

/** Names and namespaces become parts of storage keys: what could not be a name is refused before it is used as one. */
export function requirePathSegment(value: string, what: string): void {
  if (!isPathSegment(value)) throw badRequest(`invalid ${what} in the request path`);
}
