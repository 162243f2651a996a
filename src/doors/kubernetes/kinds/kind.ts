/**
 * The table of one kind of the Kubernetes API: everything the generic machinery
 * (verbs, discovery, OpenAPI, printing) needs to serve it. A kind is added by
 * writing such a table, not by writing handlers.
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { SubresourceReview } from "../reviews/review.ts";
import type { SubresourceAction } from "../verbs/subresource-action.ts";
import type { Message } from "../schema/schema.ts";
import type { FieldError } from "../validation/field-error.ts";

export const resourceVerbs = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
] as const;
export type ResourceVerb = (typeof resourceVerbs)[number];

/** A column of the server-side Table; `cell` computes it from the object. */
export interface Column {
  readonly name: string;
  /** OpenAPI type as upstream declares it, which need not match the cell (Secret's Data). */
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format: string;
  readonly description: string;
  /** 0 always shown, 1 only with `-o wide`. */
  readonly priority: number;
  readonly cell: (object: JsonObject, now: Date) => JsonValue;
}

/** What a kind decides for itself in create and update (upstream: RESTCreateStrategy, RESTUpdateStrategy). */
export interface Strategy {
  /** Sets defaults and clears what a client may not set; may change `object`. Called once a name is generated. */
  prepareForCreate(object: JsonObject): void;
  /** Same for updates: inherits what a client left out; may change `next`. */
  prepareForUpdate(next: JsonObject, previous: JsonObject): void;
  /** Errors beside those of ObjectMeta, which the machinery checks. */
  validate(object: JsonObject): FieldError[];
  validateUpdate(next: JsonObject, previous: JsonObject): FieldError[];
  /** Texts of `Warning: 299` headers; the write still succeeds. `previous` is the stored object, on updates. */
  warnings(object: JsonObject, previous?: JsonObject): string[];
  /** A PUT without resourceVersion overwrites. */
  readonly allowUnconditionalUpdate: boolean;
  /** A PUT to a missing name creates. */
  readonly allowCreateOnUpdate: boolean;
}

export interface Subresource {
  /** e.g. `status`, `finalize`. */
  readonly name: string;
  readonly verbs: readonly ResourceVerb[];
  /** What an update through it may change and is checked for, in place of the kind's own strategy. */
  readonly strategy: Strategy;
  /** What a POST to it does, for those that have the verb create. */
  readonly creation?: SubresourceCreation;
  /** The question that a POST to it asks, where it changes nothing. */
  readonly review?: SubresourceReview;
  /** What a POST to it does, where that is more than changing the object in place. */
  readonly action?: SubresourceAction;
  /** What it is answered with, where that is not the kind itself. */
  readonly answer?: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly schema: Message;
  };
  /** As {@link Kind.resetFields}, for applies through it. */
  readonly resetFields?: readonly (readonly string[])[];
}

/** A POST to a subresource: an object of another kind says how to change this one. */
export interface SubresourceCreation {
  /** Kind of the body, in the group and version of the resource. */
  readonly kind: string;
  readonly schema: Message;
  validate(body: JsonObject): FieldError[];
  /** Why the object cannot be changed now: the text of a conflict. */
  refusal(object: JsonObject): string | undefined;
  /** Changes the object in place. */
  apply(object: JsonObject, body: JsonObject, now: Date): void;
}

export interface Kind {
  /** API group, "" for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  /** Plural, lower case: `secrets`. */
  readonly resource: string;
  readonly singular: string;
  /** The name in storage keys where it is another: Kubernetes keeps nodes under `minions`. */
  readonly storedResource?: string;
  /** The kind whose records these objects are, with how to turn trees into that form and back. */
  readonly storedAs?: {
    readonly kind: Kind;
    readonly toStored: (object: JsonObject) => JsonObject;
    readonly fromStored: (object: JsonObject) => JsonObject;
  };
  /** Objects go by themselves so long after their last change; up to a minute later. */
  readonly ttlSeconds?: number;
  /**
   * The field whose values only few may read: answers with it are disclosures, and names and metadata are also had by a
   * right to the subresource {@link metadataSubresource}.
   */
  readonly valuesIn?: string;
  /**
   * Objects that tell of secrets: made of what is kept beside them when they are read, and not counted. Reading them is
   * on record as reading those secrets' metadata or, through the subresource `valuesBy`, their values.
   */
  readonly tellsOfSecrets?: {
    readonly valuesBy: string | undefined;
    /** The field selector that names the one secret that is asked about. */
    readonly secretField: string;
  };
  /**
   * Objects of which there may be millions: the storage itself finds those that are asked for, by field selectors that say what a field
   * is and by these parameters of a query (with what they are), and does not count what follows.
   */
  readonly found?: { readonly parameters: ReadonlyMap<string, string> };
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly ResourceVerb[];
  readonly subresources: readonly Subresource[];
  readonly schema: Message;
  readonly listSchema: Message;
  readonly columns: readonly Column[];
  /** Field selector labels this kind supports, with how to read them from an object. */
  readonly fieldSelectors: ReadonlyMap<string, (object: JsonObject) => string>;
  /**
   * Turns what a client sends into the kind's inner form after decoding, in
   * place: folds write-only fields (a Secret's stringData) into stored ones, sets
   * the defaults of the API version. On PATCH, the patched object passes here too.
   */
  readonly internalize?: (object: JsonObject) => void;
  /** How many seconds a deleted object is given to end; absent for kinds that go at once. `asked` is the client's wish. */
  readonly gracePeriodSeconds?: (object: JsonObject, asked: number | undefined) => number;
  /** What changes, beside the metadata, in an object that begins to terminate; in place. */
  readonly beginTermination?: (object: JsonObject) => void;
  /** Rewrites a merge or strategic merge patch before it is applied; returns the patch to apply. */
  readonly preparePatch?: (patch: JsonValue) => JsonValue;
  /** Whether finalizers need a domain or a standard name. Default: for kinds of the core group. */
  readonly coreFinalizers?: boolean;
  /** Upstream's strategy does not look at metadata, so its rules are asked only when nothing else is wrong. */
  readonly metadataLast?: boolean;
  /**
   * Write-only maps of texts and the stored map each is folded into, e.g. a Secret's stringData into data: who applies
   * the one owns the other.
   */
  readonly foldsInto?: ReadonlyMap<string, { readonly field: string; readonly fold: (text: string) => string }>;
  /**
   * Paths of fields that cannot be set through the object itself and so are owned by nobody who applies it (upstream:
   * GetResetFields). By default `status`, of a kind that has the subresource.
   */
  readonly resetFields?: readonly (readonly string[])[];
  /** Paths of fields that prepareForCreate adds and nobody owns unless the client sent them, e.g. spec.finalizers. */
  readonly addedOnCreate?: readonly (readonly string[])[];
  /** How `metadata.name` is checked: returns the detail texts of what is wrong. */
  readonly validateName: (name: string, prefix: boolean) => string[];
  readonly strategy: Strategy;
}

/** The subresource whose readers see names and metadata of a kind, and no values. */
export const metadataSubresource = "metadata";

/** What discovery and OpenAPI tell of a kind; those that are only answered, and never kept, have no list. */
export type DescribedKind = Pick<
  Kind,
  | "group"
  | "version"
  | "kind"
  | "resource"
  | "singular"
  | "shortNames"
  | "categories"
  | "namespaced"
  | "verbs"
  | "subresources"
  | "schema"
> &
  Partial<Pick<Kind, "listKind" | "listSchema" | "valuesIn" | "found">>;
