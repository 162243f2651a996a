/**
 * Failures in the words of the Kubernetes API, and the one table from the core's
 * error codes to them.
 *
 * Source: apimachinery pkg/api/errors/errors.go; apiserver
 * pkg/endpoints/handlers/responsewriters/{errors,status}.go.
 */
import { NamespaceUnavailableError } from "../../core/namespaces/namespace-facts.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { ErrorCode } from "../../errors/strongroom-error.ts";
import { ForbiddenError } from "../../gate/gate.ts";
import { jsonObject } from "./codec/json.ts";
import type { JsonObject, JsonValue } from "./codec/json.ts";
import { DecodeError } from "./codec/decode-error.ts";
import { OptionsSyntaxError } from "./validation/options.ts";

export interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A failure with everything its Status body says. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** For an expired list: a token that lets the client go on, inconsistently. */
  readonly continueToken: string | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    options: { details?: StatusDetails; cause?: unknown; continueToken?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.reason = reason;
    this.details = options.details;
    this.continueToken = options.continueToken;
  }
}

/** The resource a failure is about, e.g. `secrets` "db". */
export interface ErrorSubject {
  readonly group: string;
  readonly resource: string;
  readonly name: string;
}

function details(subject: ErrorSubject, more: StatusDetails = {}): StatusDetails {
  return {
    ...(subject.name !== "" && { name: subject.name }),
    ...(subject.group !== "" && { group: subject.group }),
    kind: subject.resource,
    ...more,
  };
}

function qualified(subject: ErrorSubject): string {
  return subject.group === "" ? subject.resource : `${subject.resource}.${subject.group}`;
}

export function notFound(subject: ErrorSubject): ApiError {
  return new ApiError(404, "NotFound", `${qualified(subject)} "${subject.name}" not found`, {
    details: details(subject),
  });
}

export function alreadyExists(subject: ErrorSubject, terminating: boolean): ApiError {
  const prefix = terminating ? "object is being deleted: " : "";
  return new ApiError(409, "AlreadyExists", `${prefix}${qualified(subject)} "${subject.name}" already exists`, {
    details: details(subject),
  });
}

export function conflict(subject: ErrorSubject, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name}": ${why}`;
  return new ApiError(409, "Conflict", message, { details: details(subject) });
}

/** The text of a conflict with a stale resourceVersion. */
export const modifiedText =
  "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(subject: ErrorSubject, why: string, causes?: readonly StatusCause[]): ApiError {
  const name = subject.name === "" ? "" : ` "${subject.name}"`;
  return new ApiError(403, "Forbidden", `${qualified(subject)}${name} is forbidden: ${why}`, {
    details: details(subject, causes === undefined ? {} : { causes }),
  });
}

/** The reason of a failure to read what is stored. */
export const storageReadError = "StorageReadError";

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

/** Nothing can be created in a namespace that is missing or going. */
export function namespaceUnavailable(error: NamespaceUnavailableError, subject: ErrorSubject): ApiError {
  if (error.phase === "missing") return notFound({ group: "", resource: "namespaces", name: error.namespace });
  const why = `unable to create new content in namespace ${error.namespace} because it is being terminated`;
  const message = `namespace ${error.namespace} is being terminated`;
  return forbidden(subject, why, [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }]);
}

/** A path nobody serves: answered as plain text, as upstream's mux does. */
export class PageNotFoundError extends Error {
  constructor() {
    super("404 page not found");
    this.name = "PageNotFoundError";
  }
}

export function expired(message: string, continueToken?: string): ApiError {
  return new ApiError(410, "Expired", message, continueToken === undefined ? {} : { continueToken });
}

export function resourceVersionTooLarge(asked: number, current: number): ApiError {
  return new ApiError(504, "Timeout", `Too large resource version: ${asked}, current: ${current}`, {
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}

/** A body above the limit of `bytesMax`. */
export function bodyTooLarge(bytesMax: number): ApiError {
  return new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${bytesMax}`);
}

export function tooManyRequests(): ApiError {
  return new ApiError(429, "TooManyRequests", "Too many requests, please try again later.", {
    details: { retryAfterSeconds: 1 },
  });
}

/** Status and reason of each core failure that reaches the door as it is. The compiler checks that it is complete. */
const coreErrors = {
  "not-found": [404, "NotFound"],
  "already-exists": [409, "AlreadyExists"],
  conflict: [409, "Conflict"],
  compacted: [410, "Expired"],
  "future-revision": [504, "Timeout"],
  denied: [403, "Forbidden"],
  unauthenticated: [401, "Unauthorized"],
  sealed: [500, "InternalError"],
  "lease-not-found": [404, "NotFound"],
  "too-large": [413, "RequestEntityTooLarge"],
  invalid: [400, "BadRequest"],
  unavailable: [503, "ServiceUnavailable"],
  corrupt: [500, "InternalError"],
} as const satisfies Record<ErrorCode, readonly [number, string]>;

/** Any failure as the API tells it. What is not in the closed set is an internal error without detail. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ForbiddenError) return forbiddenByAuthorizer(error);
  if (error instanceof NamespaceUnavailableError) {
    return notFound({ group: "", resource: "namespaces", name: error.namespace });
  }
  if (error instanceof DecodeError || error instanceof OptionsSyntaxError) return badRequest(error.message);
  if (error instanceof StrongroomError) return fromCore(error);
  return new ApiError(500, "InternalError", "Internal error occurred: see the log of the server for this request", {
    cause: error,
  });
}

function fromCore(error: StrongroomError): ApiError {
  const [code, reason] = coreErrors[error.code];
  if (code === 500) return new ApiError(code, reason, `Internal error occurred: ${error.message}`, { cause: error });
  if (code === 401) return new ApiError(code, reason, "Unauthorized");
  return new ApiError(code, reason, error.message, { cause: error });
}

function forbiddenByAuthorizer(error: ForbiddenError): ApiError {
  const { user, verb, resource, path } = error.attributes;
  const who = `User "${escapeHtml(user.name)}" cannot ${escapeHtml(verb)}`;
  const reason = error.reason === "" ? "" : `: ${error.reason}`;
  if (resource === undefined) {
    return new ApiError(403, "Forbidden", `forbidden: ${who} path "${escapeHtml(path ?? "")}"${reason}`, {
      details: {},
    });
  }
  const what = resource.subresource === "" ? resource.resource : `${resource.resource}/${resource.subresource}`;
  const where =
    resource.namespace === "" ? "at the cluster scope" : `in the namespace "${escapeHtml(resource.namespace)}"`;
  const text = `${who} resource "${escapeHtml(what)}" in API group "${escapeHtml(resource.apiGroup)}" ${where}${reason}`;
  return forbidden({ group: resource.apiGroup, resource: resource.resource, name: resource.name }, text);
}

/** Names come from the caller; upstream escapes them in messages that a browser might show. */
function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The Status body of a failure. */
export function statusOf(error: ApiError): JsonObject {
  const metadata = jsonObject(error.continueToken === undefined ? [] : [["continue", error.continueToken]]);
  const entries: [string, JsonValue][] = [
    ["kind", "Status"],
    ["apiVersion", "v1"],
    ["metadata", metadata],
    ["status", "Failure"],
    ["message", error.message],
  ];
  // Upstream leaves an empty reason out.
  if (error.reason !== "") entries.push(["reason", error.reason]);
  if (error.details !== undefined) entries.push(["details", detailsTree(error.details)]);
  entries.push(["code", error.code]);
  return jsonObject(entries);
}

function detailsTree(details: StatusDetails): JsonObject {
  const tree = jsonObject();
  if (details.name !== undefined) tree["name"] = details.name;
  if (details.group !== undefined) tree["group"] = details.group;
  if (details.kind !== undefined) tree["kind"] = details.kind;
  if (details.uid !== undefined) tree["uid"] = details.uid;
  if (details.causes !== undefined) {
    tree["causes"] = details.causes.map((cause) =>
      jsonObject(Object.entries(cause).filter((entry): entry is [string, string] => typeof entry[1] === "string")),
    );
  }
  if (details.retryAfterSeconds !== undefined) tree["retryAfterSeconds"] = details.retryAfterSeconds;
  return tree;
}
