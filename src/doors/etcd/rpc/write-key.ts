/** Changes of one key: the forms that a Put, a DeleteRange and a branch of a Txn have in common. */
import { isStrongroomError, StrongroomError } from "../../../errors/strongroom-error.ts";
import type { Disclosure } from "../../../audit/audit-event.ts";
import { objectUidOf } from "../../../core/secrets/canonical-secret.ts";
import type { Secret } from "../../../core/secrets/canonical-secret.ts";
import type { GateContext } from "../../../gate/gate.ts";
import type { Revision } from "../../../store/revision.ts";
import type { Place, RecordPlace, SecretPlace } from "../cluster-keys.ts";
import { disclosureOf } from "../cluster-secrets.ts";
import { permissionDeniedText } from "../etcd-error.ts";
import { unserved } from "../etcd-error.ts";
import { GrpcError, grpcCodes } from "../../../grpc/grpc-status.ts";
import type { KeyState } from "../key-state.ts";
import { DeleteRangeResponse, PutResponse, ResponseOp } from "../messages/kv.ts";
import type { DeleteRangeRequest, PutRequest, ResponseHeader } from "../messages/kv.ts";
import { latin1 } from "./range.ts";
import type { KeyReaders } from "./range.ts";

/** A key as it was read before it is changed. */
export type Current =
  | { readonly place: SecretPlace; readonly secret: Secret | undefined }
  | { readonly place: RecordPlace; readonly record: KeyState | undefined };

export type Change =
  | { readonly type: "put"; readonly key: string; readonly request: PutRequest }
  | { readonly type: "delete"; readonly key: string; readonly request: DeleteRangeRequest };

export interface Changed {
  /** Undefined where nothing was there to delete. */
  readonly revision: Revision | undefined;
  readonly response: (header: ResponseHeader) => ResponseOp;
  readonly disclosed: readonly Disclosure[];
  readonly object: Secret | undefined;
}

/** Raises for the options of a put that are not served. */
export function putChange(request: PutRequest): Change {
  if (request.key.length === 0) throw new GrpcError(grpcCodes.invalidArgument, "etcdserver: key is not provided");
  if (request.lease !== 0) throw unserved("a key cannot be attached to a lease");
  if (request.ignoreValue || request.ignoreLease) throw unserved("a put must bring its value");
  return { type: "put", key: latin1(request.key), request };
}

/** Raises for a range of keys. */
export function deleteChange(request: DeleteRangeRequest): Change {
  if (request.key.length === 0) throw new GrpcError(grpcCodes.invalidArgument, "etcdserver: key is not provided");
  if (request.rangeEnd.length > 0) throw unserved("one key is deleted at a time");
  return { type: "delete", key: latin1(request.key), request };
}

/** The place of a key that is to be changed. Raises PERMISSION_DENIED, or says why, for what can never be here. */
export function changeablePlace(place: Place): SecretPlace | RecordPlace {
  if (place.type !== "nothing") return place;
  if (place.because !== undefined) throw new GrpcError(grpcCodes.invalidArgument, `strongroom: ${place.because}`);
  throw new GrpcError(grpcCodes.permissionDenied, permissionDeniedText);
}

export async function readCurrent(readers: KeyReaders, place: SecretPlace | RecordPlace): Promise<Current> {
  if (place.type === "record") return { place, record: await readers.records.get(place) };
  return { place, secret: await readers.secrets.current(place) };
}

export function stateOfCurrent({ secrets }: KeyReaders, current: Current): KeyState | undefined {
  return "secret" in current ? secrets.stateOf(current.secret) : current.record;
}

/** Changes what was read. Raises `conflict` when it is no longer so. */
export async function change(
  readers: KeyReaders,
  context: GateContext,
  current: Current,
  asked: Change,
): Promise<Changed> {
  const previous = stateOfCurrent(readers, current);
  const secret = "secret" in current ? current.secret : undefined;
  const toldPrevious = asked.request.prevKv ? previous : undefined;
  const disclosed = toldPrevious === undefined || secret === undefined ? [] : [disclosureOf(secret)];
  if (asked.type === "put") {
    const written = await put(readers, context, current, asked.request.value);
    return {
      ...written,
      disclosed,
      response: (header) => ResponseOp.of({ put: PutResponse.of({ header, prevKv: toldPrevious }) }),
    };
  }
  const revision = previous === undefined ? undefined : await remove(readers, context, current);
  return {
    revision,
    disclosed,
    object: secret,
    response: (header) =>
      ResponseOp.of({
        deleteRange: DeleteRangeResponse.of({
          header,
          deleted: previous === undefined ? 0 : 1,
          prevKvs: toldPrevious === undefined ? [] : [toldPrevious],
        }),
      }),
  };
}

async function put({ secrets, records }: KeyReaders, context: GateContext, current: Current, value: Uint8Array) {
  if ("secret" in current) {
    const object = await secrets.put(context, current.place, value, current.secret);
    return { revision: object.revision, object };
  }
  return { revision: await records.put(current.place, value, current.record?.modRevision ?? 0), object: undefined };
}

async function remove({ secrets, records }: KeyReaders, context: GateContext, current: Current): Promise<Revision> {
  if (!("secret" in current)) return records.delete(current.place, current.record?.modRevision ?? 0);
  if (current.secret === undefined) throw new StrongroomError("conflict", "the key must be there");
  return secrets.delete(context, current.place, current.secret);
}

/** What the audit log has of a secret that was changed. */
export function objectOf(secret: Secret | undefined) {
  if (secret === undefined) return {};
  return { object: { name: secret.name, uid: objectUidOf(secret.book), resourceVersion: String(secret.revision) } };
}

/** How often a change is made anew after losing a race; each loss is a gain of somebody else. */
const racesMax = 100;

/** Runs `attempt` until no race is lost. */
export async function untilWon<T>(attempt: () => Promise<T>): Promise<T> {
  for (let races = 0; ; races++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isStrongroomError(error, "conflict") || races >= racesMax) throw error;
    }
  }
}
