/**
 * The options of a request, read from the query of its URL or from the body of a
 * DELETE, with the errors of their values.
 *
 * Every reader returns the options and the list of field errors; with errors the
 * door answers 422 for the group `meta.k8s.io` and the kind `kind`, e.g.
 * `CreateOptions.meta.k8s.io "" is invalid: ...`, and uses nothing of `options`.
 * A value that cannot be read at all raises {@link OptionsSyntaxError}: 400.
 *
 * Of a parameter given twice the first counts, except dryRun, where all do.
 *
 * Source: apimachinery pkg/apis/meta/v1/validation/validation.go,
 * pkg/apis/meta/internalversion/validation/validation.go, pkg/runtime/conversion.go
 * and pkg/apis/meta/v1/zz_generated.conversion.go.
 */
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { forbidden, invalid, invalidPrinted, notSupported, required } from "./field-error-constructors.ts";
import { fieldManagerErrors } from "./field-manager.ts";
import { goJson } from "./go-format.ts";
import { listField, objectField } from "./object-fields.ts";

/** A parameter that cannot be converted; the message is the text of a 400 BadRequest. */
export class OptionsSyntaxError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "OptionsSyntaxError";
  }
}

export interface Checked<Options> {
  /** The kind named in a 422, e.g. `CreateOptions`. */
  readonly kind: string;
  readonly options: Options;
  readonly errors: readonly FieldError[];
}

/** What to do about unknown and duplicate fields of a body. */
export type FieldValidation = "Ignore" | "Warn" | "Strict";

/** Options of create and update. */
export interface WriteOptions {
  readonly dryRun: boolean;
  /** "" when not given: the door falls back to the User-Agent. */
  readonly fieldManager: string;
  /** `Warn` when not given. */
  readonly fieldValidation: FieldValidation;
}

export interface PatchOptions extends WriteOptions {
  /** Only for apply; undefined when not given. */
  readonly force: boolean | undefined;
}

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: "Foreground" | "Background" | "Orphan" | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly preconditions: {
    readonly uid: string | undefined;
    readonly resourceVersion: string | undefined;
  };
  readonly ignoreStoreReadError: boolean;
}

export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  /** Undefined when not given; never negative. */
  readonly timeoutSeconds: number | undefined;
  /** 0 = no limit, which a negative number asks for too. */
  readonly limit: number;
  readonly continue: string;
  readonly sendInitialEvents: boolean | undefined;
}

/** Options of a create (POST). */
export function readCreateOptions(query: URLSearchParams): Checked<WriteOptions> {
  return readWriteOptions("CreateOptions", query);
}

/** Options of an update (PUT). */
export function readUpdateOptions(query: URLSearchParams): Checked<WriteOptions> {
  return readWriteOptions("UpdateOptions", query);
}

/** Options of a patch; `apply` tells server-side apply, which needs a manager and alone may force. */
export function readPatchOptions(query: URLSearchParams, apply: boolean): Checked<PatchOptions> {
  const { options, errors } = readWriteOptions("PatchOptions", query);
  const force = readOptionalBoolean(query, "force");
  const own: FieldError[] = [];
  if (apply && options.fieldManager === "") own.push(required("fieldManager", "is required for apply patch"));
  if (!apply && force !== undefined) own.push(forbidden("force", "may not be specified for non-apply patch"));
  return { kind: "PatchOptions", options: { ...options, force }, errors: [...own, ...errors] };
}

/** Options of a DELETE without a body. */
export function readDeleteOptions(query: URLSearchParams): Checked<DeleteOptions> {
  return checkDeleteOptions({
    dryRun: query.getAll("dryRun"),
    gracePeriodSeconds: readOptionalInteger(query, "gracePeriodSeconds"),
    propagationPolicy: query.get("propagationPolicy") ?? undefined,
    orphanDependents: readOptionalBoolean(query, "orphanDependents"),
    uid: query.get("uid") || undefined, // empty counts as not given
    resourceVersion: query.get("resourceVersion") || undefined,
    hasPreconditions: Boolean(query.get("uid") || query.get("resourceVersion")),
    ignoreStoreReadError: readOptionalBoolean(query, "ignoreStoreReadErrorWithClusterBreakingPotential") ?? false,
  });
}

/** Options of a DELETE with a body, once that is decoded as DeleteOptions; the query is then ignored. */
export function readDeleteOptionsBody(body: JsonObject): Checked<DeleteOptions> {
  const preconditions = objectField(body, "preconditions");
  const grace = body["gracePeriodSeconds"];
  const policy = body["propagationPolicy"];
  const orphan = body["orphanDependents"];
  const [uid, resourceVersion] = [preconditions["uid"], preconditions["resourceVersion"]];
  return checkDeleteOptions({
    dryRun: listField(body, "dryRun").filter((item) => typeof item === "string"),
    gracePeriodSeconds: typeof grace === "number" ? grace : undefined,
    propagationPolicy: typeof policy === "string" ? policy : undefined,
    orphanDependents: typeof orphan === "boolean" ? orphan : undefined,
    uid: typeof uid === "string" ? uid : undefined,
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : undefined,
    hasPreconditions: preconditions === body["preconditions"],
    ignoreStoreReadError: body["ignoreStoreReadErrorWithClusterBreakingPotential"] === true,
  });
}

/** Options of a list, a watch and a deletecollection. Selectors are parsed by selector/. */
export function readListOptions(query: URLSearchParams): Checked<ListOptions> {
  const timeoutSeconds = readOptionalInteger(query, "timeoutSeconds");
  const options: ListOptions = {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    watch: readOptionalBoolean(query, "watch") ?? false,
    allowWatchBookmarks: readOptionalBoolean(query, "allowWatchBookmarks") ?? false,
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    timeoutSeconds: timeoutSeconds === undefined ? undefined : Math.max(0, timeoutSeconds),
    limit: Math.max(0, readOptionalInteger(query, "limit") ?? 0),
    continue: query.get("continue") ?? "",
    sendInitialEvents: readOptionalBoolean(query, "sendInitialEvents"),
  };
  const errors = options.watch ? watchErrors(options) : listErrors(options);
  return { kind: "ListOptions", options, errors };
}

/** `includeObject` of a Table; "" stands for Metadata. The path of its error is `includeObject`. */
export function readTableOptions(
  query: URLSearchParams,
): Checked<{ readonly includeObject: "None" | "Metadata" | "Object" }> {
  const value = query.get("includeObject") ?? "";
  const known = value === "None" || value === "Metadata" || value === "Object";
  const detail = "must be 'Metadata', 'Object', 'None', or empty";
  return {
    kind: "TableOptions",
    options: { includeObject: known ? value : "Metadata" },
    errors: known || value === "" ? [] : [invalid("includeObject", value, detail)],
  };
}

function readWriteOptions(kind: string, query: URLSearchParams): Checked<WriteOptions> {
  const fieldManager = query.get("fieldManager") ?? "";
  const validation = query.get("fieldValidation") ?? "";
  const dryRun = query.getAll("dryRun");
  const known = validation === "Ignore" || validation === "Warn" || validation === "Strict";
  const errors = [...fieldManagerErrors(fieldManager, "fieldManager"), ...dryRunErrors(dryRun)];
  if (!known && validation !== "") {
    const supported = ["", "Ignore", "Strict", "Warn"]; // sorted, as upstream prints a set
    errors.push(notSupported("fieldValidation", goQuote(validation), supported));
  }
  const fieldValidation: FieldValidation = known ? validation : "Warn";
  return { kind, options: { dryRun: dryRun.length > 0, fieldManager, fieldValidation }, errors };
}

function dryRunErrors(dryRun: readonly string[]): FieldError[] {
  if (dryRun.every((value) => value === "All")) return [];
  return [notSupported("dryRun", goJson([...dryRun]), ["All"])];
}

interface RawDeleteOptions {
  readonly dryRun: readonly string[];
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: string | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly hasPreconditions: boolean;
  readonly ignoreStoreReadError: boolean;
}

const propagationPolicies = ["Foreground", "Background", "Orphan"] as const;

function checkDeleteOptions(raw: RawDeleteOptions): Checked<DeleteOptions> {
  const policy = propagationPolicies.find((name) => name === raw.propagationPolicy);
  const errors: FieldError[] = [];
  if (raw.propagationPolicy !== undefined) {
    const printed = goJson(raw.propagationPolicy);
    if (raw.orphanDependents !== undefined) {
      const detail = "orphanDependents and deletionPropagation cannot be both set";
      errors.push(invalidPrinted("propagationPolicy", printed, detail));
    }
    if (policy === undefined) {
      errors.push(notSupported("propagationPolicy", printed, [...propagationPolicies, "nil"]));
    }
  }
  errors.push(...dryRunErrors(raw.dryRun), ...ignoreStoreReadErrorErrors(raw));
  const options: DeleteOptions = {
    dryRun: raw.dryRun.length > 0,
    gracePeriodSeconds: raw.gracePeriodSeconds,
    propagationPolicy: policy,
    orphanDependents: raw.orphanDependents,
    preconditions: { uid: raw.uid, resourceVersion: raw.resourceVersion },
    ignoreStoreReadError: raw.ignoreStoreReadError,
  };
  return { kind: "DeleteOptions", options, errors };
}

/** Deleting an object that cannot be read goes with no other option, since none could be checked. */
function ignoreStoreReadErrorErrors(raw: RawDeleteOptions): FieldError[] {
  if (!raw.ignoreStoreReadError) return [];
  const given: readonly (readonly [string, boolean])[] = [
    ["dryRun", raw.dryRun.length > 0],
    ["propagationPolicy", raw.propagationPolicy !== undefined],
    ["orphanDependents", raw.orphanDependents !== undefined],
    ["gracePeriodSeconds", raw.gracePeriodSeconds !== undefined],
    ["preconditions", raw.hasPreconditions],
  ];
  const field = "ignoreStoreReadErrorWithClusterBreakingPotential";
  return given
    .filter(([, present]) => present)
    .map(([name]) => invalidPrinted(field, "true", `cannot be set together with .${name}`));
}

const matchField = "resourceVersionMatch";

function listErrors(options: ListOptions): FieldError[] {
  const match = options.resourceVersionMatch;
  const errors: FieldError[] = [];
  if (match !== "") {
    if (options.resourceVersion === "") {
      errors.push(forbidden(matchField, `${matchField} is forbidden unless resourceVersion is provided`));
    }
    if (options.continue !== "") errors.push(matchWithContinue());
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.push(notSupported(matchField, goJson(match), ["Exact", "NotOlderThan", ""]));
    }
    if (match === "Exact" && options.resourceVersion === "0") {
      errors.push(forbidden(matchField, `${matchField} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  return errors;
}

function watchErrors(options: ListOptions): FieldError[] {
  const match = options.resourceVersionMatch;
  const errors: FieldError[] = [];
  if (options.sendInitialEvents !== undefined && match !== "NotOlderThan") {
    errors.push(forbidden(matchField, `sendInitialEvents requires setting ${matchField} to NotOlderThan`));
  }
  if (match === "") return errors;
  if (options.sendInitialEvents === undefined) {
    errors.push(forbidden(matchField, `${matchField} is forbidden for watch unless sendInitialEvents is provided`));
  }
  if (match !== "NotOlderThan") errors.push(notSupported(matchField, goJson(match), ["NotOlderThan"]));
  if (options.continue !== "") errors.push(matchWithContinue());
  return errors;
}

function matchWithContinue(): FieldError {
  return forbidden(matchField, `${matchField} is forbidden when continue is provided`);
}

/** Only `0` and `false` (in any case) are false; an empty value is true. Undefined when not given. */
function readOptionalBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  return value !== "0" && value.toLowerCase() !== "false";
}

/**
 * A 64-bit integer as Go's ParseInt reads it, cut to what a number holds exactly.
 * Undefined when not given; raises {@link OptionsSyntaxError} for anything else.
 */
function readOptionalInteger(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (!/^[-+]?[0-9]+$/.test(value)) {
    throw new OptionsSyntaxError(`strconv.ParseInt: parsing ${goQuote(value)}: invalid syntax`);
  }
  const integer = BigInt(value.replace(/^\+/, ""));
  if (BigInt.asIntN(64, integer) !== integer) {
    throw new OptionsSyntaxError(`strconv.ParseInt: parsing ${goQuote(value)}: value out of range`);
  }
  return Math.min(Math.max(Number(integer), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}
