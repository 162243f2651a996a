/**
 * Objects of a list whose records cannot be read. By default they fail the list, which then names them, as upstream
 * (KEP-3926): a client that keeps what it lists would take what is left out for deleted. Who asks for it gets the rest of the
 * list, with a warning for each that is not in it.
 *
 * Source of the failure: apiserver pkg/storage/etcd3/errors.go, where the errors of a list are put together.
 */
import type { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { TellUnreadable } from "../../../core/object-range.ts";
import { ApiError, badRequest, storageReadError } from "../api-error.ts";
import type { StatusCause } from "../api-error.ts";
import { LoopShare } from "../loop-share.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage, ObjectPosition } from "../storage/kind-storage.ts";
import type { VerbContext } from "./verb-context.ts";

/** The query parameter of a list, and its only value. */
export const unreadableParameter = "strongroomUnreadable";
const skip = "skip";
/** Upstream's: most objects that an error names. */
const namedMax = 100;
/** Most warnings of an answer about objects one by one: headers have a limit. */
const warningsMax = 20;
const pageRecords = 500;

interface Unreadable {
  readonly key: string;
  readonly message: string;
}

/** Whether its objects are records: others are made from what is read when they are. */
export function isKept({ tellsOfSecrets, found }: Kind): boolean {
  return tellsOfSecrets === undefined && found === undefined;
}

/** Whether the list is to leave out what cannot be read. Raises 400 for another value, and where that cannot be told. */
export function skipsUnreadable(context: VerbContext): boolean {
  const asked = context.query.get(unreadableParameter);
  if (asked === null) return false;
  if (asked !== skip) throw badRequest(`${unreadableParameter} must be ${JSON.stringify(skip)}`);
  if (!isKept(context.kind)) throw badRequest(`${unreadableParameter} must not be set for ${context.kind.resource}`);
  if (context.filtered !== undefined) {
    throw badRequest(`${unreadableParameter} must not be set for a filtered list: it would name what the filter hides`);
  }
  return true;
}

/** A watch has nothing to begin from but what is complete. Raises 400. */
export function refuseForWatch(query: URLSearchParams): void {
  if (query.has(unreadableParameter)) throw badRequest(`${unreadableParameter} must only be set for lists`);
}

/** What is listed: the right to a list by one name is one to that name alone. */
export type ListedPlace = Pick<ObjectPosition, "namespace" | "name">;

/** A storage whose lists leave out what cannot be read; told of before, because warnings are sent before objects. */
export async function withoutUnreadable(context: VerbContext, place: ListedPlace): Promise<KindStorage> {
  const { storage, kind } = context;
  // Told with the first page: to look for them is to read everything.
  const found = context.query.has("continue") ? [] : await unreadableOf(storage, place, Infinity);
  for (const { key } of found.slice(0, warningsMax)) {
    context.warn(`not in this list, because it cannot be read: ${kind.resource} ${placeOf(storage, key)}`);
  }
  const more = found.length - warningsMax;
  if (more > 0) context.warn(`not in this list, because they cannot be read: ${more} more ${kind.resource}`);
  if (found.length > 0) context.gate.annotate("audit.strongroom.dev/unreadable", String(found.length));
  const unreadable: TellUnreadable = () => {};
  return { ...storage, list: (position) => storage.list({ ...position, unreadable }) };
}

/** What a list fails with that meets an object it cannot read: names those there are, of a filtered list none. */
export async function listUnreadableError(
  context: VerbContext,
  place: ListedPlace,
  cause: StrongroomError,
): Promise<ApiError> {
  const { kind, storage, target } = context;
  if (context.filtered !== undefined) return unreadableError(context, cause);
  const found = await unreadableOf(storage, place, namedMax + 1);
  const first = found[0]?.message ?? cause.message;
  const others = found.length > 1 ? ` (and ${found.length > namedMax ? "at least " : ""}${found.length - 1} more)` : "";
  const causes: StatusCause[] = found
    .slice(0, namedMax)
    .map(({ key, message }) => ({ reason: "UnexpectedServerResponse", message, field: key }));
  if (found.length > namedMax) {
    causes.push({ reason: "FieldValueTooMany", message: "too many errors, the list is truncated" });
  }
  return new ApiError(500, storageReadError, `${failureText(context)}: ${first}${others}`, {
    details: {
      name: storage.prefix(target.namespace),
      ...(kind.group !== "" && { group: kind.group }),
      kind: kind.resource,
      causes,
    },
    cause,
  });
}

/** The same without names: of a stream, or a list, that may have met what its reader may not see. */
export function unreadableError(context: Pick<VerbContext, "kind">, cause: StrongroomError): ApiError {
  return new ApiError(500, storageReadError, failureText(context), { cause });
}

function failureText({ kind }: Pick<VerbContext, "kind">): string {
  const qualified = kind.group === "" ? kind.resource : `${kind.resource}.${kind.group}`;
  return `failed to read one or more ${qualified} from the storage`;
}

/** At most `max` objects of what is listed that cannot be read. Reads all that is there until so many are found. */
async function unreadableOf(storage: KindStorage, place: ListedPlace, max: number): Promise<readonly Unreadable[]> {
  const found: Unreadable[] = [];
  const unreadable: TellUnreadable = (key, { message }) => found.push({ key, message });
  const share = new LoopShare(1);
  let after: string | undefined;
  do {
    await share.step();
    const page = await storage.list({ ...place, after, limit: pageRecords, unreadable });
    after = page.continueAfter;
  } while (after !== undefined && found.length < max);
  return found.slice(0, max);
}

function placeOf(storage: KindStorage, key: string): string {
  return key.slice(storage.prefix("").length);
}
