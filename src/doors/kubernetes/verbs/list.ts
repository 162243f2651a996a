/** LIST. Source: apiserver pkg/endpoints/handlers/get.go, pkg/storage/etcd3/store.go. */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { Revision } from "../../../store/revision.ts";
import { expired, resourceVersionTooLarge } from "../api-error.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { readListOptions } from "../validation/options.ts";
import type { ListOptions } from "../validation/options.ts";
import { decodeContinue, encodeContinue } from "./continue-token.ts";
import { parseResourceVersion, requireReached } from "./resource-version.ts";
import { parseSelection } from "./selection.ts";
import type { Selection } from "./selection.ts";
import { isKept, listUnreadableError, skipsUnreadable, withoutUnreadable } from "./unreadable.ts";
import type { ListedPlace } from "./unreadable.ts";
import { requireValid } from "./verb-context.ts";
import type { VerbContext } from "./verb-context.ts";

/** Records asked of the store at a time. */
const pageRecords = 500;
/** A limited page ends early beyond so many bytes; the client continues, as it must be ready to. */
const limitedPageBytes = 32 * 1024 * 1024;

/** A list on its way out: its metadata is known before its objects. */
export interface ListAnswer {
  readonly revision: Revision;
  readonly continueToken: string | undefined;
  readonly remainingItemCount: number | undefined;
  /** Only what the caller may get is in it. */
  readonly filtered?: boolean;
  /**
   * Chunks of objects in order, of the one revision, each time it is called: formats that need lengths in front read
   * twice. Reading may raise like the list itself.
   */
  readonly chunks: () => AsyncIterable<readonly StoredObject[]>;
}

interface ListQuery {
  readonly selection: Selection;
  readonly namespace: string;
  readonly limit: number;
  readonly after: string | undefined;
  readonly revision: Revision | undefined;
}

export async function listObjects(context: VerbContext): Promise<ListAnswer> {
  const checked = readListOptions(context.query);
  requireValid({ group: "meta.k8s.io", kind: checked.kind }, "", checked.errors);
  const list = await listSelected(context, checked.options, skipsUnreadable(context));
  return context.filtered === undefined ? list : { ...list, filtered: true };
}

/** The list of already checked options; where asked for, without what cannot be read. */
export async function listSelected(context: VerbContext, options: ListOptions, skipping = false): Promise<ListAnswer> {
  const parsed = parseSelection(context.kind, options, context.query);
  // How many there are beside those that may be seen is told to nobody.
  const selection = context.filtered === undefined ? parsed : { ...parsed, everything: false };
  const position = await listPosition(context, options);
  const query: ListQuery = { selection, namespace: context.target.namespace, limit: options.limit, ...position };
  if (contradicts(selection, query.namespace)) return emptyList(context, query);
  try {
    const place = placeListed(context, query);
    const from = skipping ? { ...context, storage: await withoutUnreadable(context, place) } : context;
    return options.limit > 0 ? await limitedList(from, query) : await wholeList(from, query, options);
  } catch (error) {
    throw await listError(context, error, query, options);
  }
}

async function listPosition(context: VerbContext, options: ListOptions) {
  if (options.continue !== "") {
    const position = decodeContinue(options.continue);
    const prefix = context.storage.prefix(context.target.namespace);
    return { after: prefix + position.after, revision: position.revision };
  }
  const asked = options.resourceVersion === "" ? undefined : parseResourceVersion(options.resourceVersion);
  if (asked === undefined || asked === 0) return { after: undefined, revision: undefined };
  await requireReached(context, asked);
  // Without a match, a limited list at a revision is read at exactly that revision, as it always was.
  const exact = options.resourceVersionMatch === "Exact" || (options.resourceVersionMatch === "" && options.limit > 0);
  return { after: undefined, revision: exact ? asked : undefined };
}

function contradicts(selection: Selection, namespace: string): boolean {
  return namespace !== "" && selection.namespace !== undefined && selection.namespace !== namespace;
}

async function emptyList(context: VerbContext, query: ListQuery): Promise<ListAnswer> {
  const revision = query.revision ?? (await context.storage.currentRevision());
  return { revision, continueToken: undefined, remainingItemCount: undefined, chunks: () => chunksOf([]) };
}

/** Everything at one revision, chunk by chunk: memory for a chunk, not for the list. */
async function wholeList(context: VerbContext, query: ListQuery, options: ListOptions): Promise<ListAnswer> {
  const first = await readPage(context, query, { after: query.after, limit: pageRecords, revision: query.revision });
  const { revision } = first;
  async function* chunks(): AsyncGenerator<readonly StoredObject[]> {
    let page = first;
    for (;;) {
      yield page.objects.filter((object) => query.selection.matches(object));
      if (page.continueAfter === undefined) return;
      const position = { after: page.continueAfter, limit: pageRecords, revision };
      page = await readPage(context, query, position).catch(async (error: unknown) => {
        throw await listError(context, error, query, options);
      });
    }
  }
  return { revision, continueToken: undefined, remainingItemCount: undefined, chunks };
}

/** One page of at most `limit` matching objects, with the token for the next. */
async function limitedList(context: VerbContext, query: ListQuery): Promise<ListAnswer> {
  const objects: StoredObject[] = [];
  let bytes = 0;
  let { after, revision } = query;
  for (;;) {
    const isChosen = query.selection.everything || query.selection.selected !== undefined;
    const limit = isChosen ? Math.min(pageRecords, query.limit - objects.length) : pageRecords;
    const page = await readPage(context, query, { after, limit, revision });
    revision = page.revision;
    for (const object of page.objects) {
      after = context.storage.prefix(object.namespace) + object.name;
      if (!query.selection.matches(object)) continue;
      objects.push(object);
      bytes += object.sizeBytes;
      if (objects.length >= query.limit) break;
    }
    const last = page.objects.at(-1);
    const seenAll = last === undefined || after === context.storage.prefix(last.namespace) + last.name;
    if (seenAll && page.continueAfter === undefined) {
      return { revision, continueToken: undefined, remainingItemCount: undefined, chunks: () => chunksOf(objects) };
    }
    if (seenAll) after = page.continueAfter;
    if (objects.length >= query.limit || bytes > limitedPageBytes) break;
  }
  return continued(context, query, { objects, revision, after: after ?? "" });
}

async function continued(
  context: VerbContext,
  query: ListQuery,
  page: { readonly objects: readonly StoredObject[]; readonly revision: Revision; readonly after: string },
): Promise<ListAnswer> {
  const prefix = context.storage.prefix(query.namespace);
  const remaining = query.selection.everything
    ? await context.storage.count(query.namespace, page.after, page.revision)
    : undefined;
  return {
    revision: page.revision,
    continueToken: encodeContinue({ after: page.after.slice(prefix.length), revision: page.revision }),
    remainingItemCount: remaining,
    chunks: () => chunksOf(page.objects),
  };
}

function readPage(
  context: VerbContext,
  query: ListQuery,
  position: { readonly after: string | undefined; readonly limit: number; readonly revision: Revision | undefined },
) {
  const { ofSecret, selected } = query.selection;
  const place = placeListed(context, query);
  return context.storage.list({ ...place, ...position, ...(ofSecret !== undefined && { ofSecret }), selected });
}

function placeListed({ kind }: VerbContext, { namespace: asked, selection }: ListQuery): ListedPlace {
  const namespace = asked === "" ? (selection.namespace ?? "") : asked;
  // A name is only a key where its namespace is known (or there is none).
  return { namespace, name: namespace !== "" || !kind.namespaced ? selection.name : undefined };
}

async function* chunksOf(objects: readonly StoredObject[]): AsyncGenerator<readonly StoredObject[]> {
  if (objects.length > 0) yield objects;
}

async function listError(
  context: VerbContext,
  error: unknown,
  query: ListQuery,
  options: ListOptions,
): Promise<unknown> {
  if (isStrongroomError(error, "future-revision")) {
    return resourceVersionTooLarge(query.revision ?? 0, await context.storage.currentRevision());
  }
  if (isStrongroomError(error, "corrupt") && isKept(context.kind)) {
    return listUnreadableError(context, placeListed(context, query), error);
  }
  if (!isStrongroomError(error, "compacted")) return error;
  if (options.continue === "" || query.after === undefined) {
    return expired("The resourceVersion for the provided list is too old.");
  }
  const prefix = context.storage.prefix(query.namespace);
  const token = encodeContinue({ after: query.after.slice(prefix.length), revision: undefined });
  return expired(expiredContinueText, token);
}

/** The text clients know; kubectl and client-go look at the reason, people at the text. */
const expiredContinueText =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without " +
  "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
  "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or " +
  "deleted between the time the first chunk was returned and now may show up in the list.";
