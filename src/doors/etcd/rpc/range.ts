/** KV.Range. Source: etcd server/etcdserver/apply.go (Range), server/storage/mvcc/kvstore_txn.go. */
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { Disclosure } from "../../../audit/audit-event.ts";
import { toRevision } from "../../../store/revision.ts";
import type { Revision } from "../../../store/revision.ts";
import type { Place, Span } from "../cluster-keys.ts";
import type { ClusterRecords } from "../cluster-records.ts";
import { disclosureOf } from "../cluster-secrets.ts";
import type { ClusterSecrets } from "../cluster-secrets.ts";
import { askedOfAll, keyDetail } from "../door-calls.ts";
import type { Asked, DoorCalls } from "../door-calls.ts";
import { unserved } from "../etcd-error.ts";
import { GrpcError, grpcCodes } from "../../../grpc/grpc-status.ts";
import type { GrpcCall, UnaryMethod } from "../../../grpc/serve-grpc.ts";
import { KeyValue, RangeRequest, RangeResponse } from "../messages/kv.ts";
import { responseHeader } from "./header.ts";
import type { MemberIdentity } from "./header.ts";

export interface KeyReaders {
  readonly secrets: ClusterSecrets;
  readonly records: ClusterRecords;
}

export interface RangeOptions extends KeyReaders {
  readonly calls: DoorCalls;
  readonly identity: MemberIdentity;
}

/** What a range found, not yet with a header. */
export interface Found {
  readonly kvs: readonly Uint8Array[];
  readonly more: boolean;
  readonly count: number;
  readonly revision: Revision;
  readonly disclosed: readonly Disclosure[];
}

export function rangeMethod(options: RangeOptions): UnaryMethod {
  return {
    type: "unary",
    onlyReads: true,
    async run(call: GrpcCall, message) {
      const request = RangeRequest.decode(message);
      const of = targetOf(options.secrets, request);
      const detail = keyDetail(latin1(request.key), latin1(request.rangeEnd));
      return options.calls.run(call, askedOf(of), detail, async () => {
        const { disclosed, revision, ...found } = await readRange(options, of, request);
        return {
          answer: RangeResponse.encode({ header: responseHeader(options.identity, revision), ...found }),
          code: 200,
          disclosed,
        };
      });
    },
  };
}

/** The key or span of a request. Raises what etcd refuses, and what is not served. */
export function targetOf({ keys }: ClusterSecrets, request: RangeRequest): Place | Span {
  if (request.key.length === 0) throw new GrpcError(grpcCodes.invalidArgument, "etcdserver: key is not provided");
  const { sortOrder, sortTarget, minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  if (sortOrder === sortOrders.descend || (sortOrder !== sortOrders.none && sortTarget !== sortTargets.key)) {
    throw unserved("a range is sorted by key, ascending, and in no other order");
  }
  if (minModRevision + maxModRevision + minCreateRevision + maxCreateRevision !== 0) {
    throw unserved("a range cannot be filtered by revisions");
  }
  const key = latin1(request.key);
  return request.rangeEnd.length === 0 ? keys.place(key) : keys.span(key, latin1(request.rangeEnd));
}

const sortOrders = { none: 0, ascend: 1, descend: 2 } as const;
const sortTargets = { key: 0 } as const;

/** The right that reading takes. */
export function askedOf(of: Place | Span): Asked {
  if (of.type === "secret") return { verb: "get", namespace: of.namespace, name: of.name };
  return of.type === "span" ? { verb: "list", namespace: of.namespace, name: "" } : askedOfAll;
}

/** Reads a key or a span, at the revision that is asked for or at `at` where none is. */
export async function readRange(
  readers: KeyReaders,
  of: Place | Span,
  request: RangeRequest,
  at?: Revision,
): Promise<Found> {
  const revision = request.revision > 0 ? toRevision(request.revision) : at;
  if (revision !== undefined && revision !== at) await requireReadable(readers, revision);
  // The answer says the current revision, whichever was read.
  const found = await readAt(readers, of, request, revision);
  return request.revision > 0 ? { ...found, revision: await readers.secrets.currentRevision() } : found;
}

async function requireReadable({ records, secrets }: KeyReaders, revision: Revision): Promise<void> {
  if (revision > (await secrets.currentRevision())) {
    throw new StrongroomError("future-revision", "the revision must have been reached");
  }
  await records.requireKept(revision);
}

async function readAt(
  { secrets, records }: KeyReaders,
  of: Place | Span,
  request: RangeRequest,
  revision: Revision | undefined,
): Promise<Found> {
  switch (of.type) {
    case "span":
      return readSpan(secrets, of, request, revision);
    case "secret": {
      const read = await secrets.get(of, revision);
      return foundOf(secrets, read.secret === undefined ? [] : [read.secret], request, read.revision);
    }
    case "record": {
      const current = revision ?? (await secrets.currentRevision());
      const state = await records.get(of, revision);
      const kvs = state === undefined || request.countOnly ? [] : [KeyValue.encode(state)];
      return { kvs, more: false, count: state === undefined ? 0 : 1, revision: current, disclosed: [] };
    }
    case "nothing":
      return { ...nothing, revision: revision ?? (await secrets.currentRevision()) };
    default:
      return of satisfies never;
  }
}

const nothing = { kvs: [], more: false, count: 0, disclosed: [] };

async function readSpan(
  secrets: ClusterSecrets,
  span: Span,
  request: RangeRequest,
  revision: Revision | undefined,
): Promise<Found> {
  if (span.isEmpty) return { ...nothing, revision: revision ?? (await secrets.currentRevision()) };
  if (request.countOnly) return { ...nothing, ...(await secrets.count(span, revision)) };
  const page = await secrets.list(span, Math.max(0, request.limit), revision);
  return { ...foundOf(secrets, page.secrets, request, page.revision), more: page.more, count: page.count };
}

type FoundSecrets = Parameters<typeof disclosureOf>[0];

function foundOf(
  secrets: ClusterSecrets,
  found: readonly FoundSecrets[],
  { keysOnly, countOnly }: RangeRequest,
  revision: Revision,
): Found {
  const told = countOnly ? [] : found;
  return {
    kvs: told.map((secret) => KeyValue.encode(secrets.keyValue(secret, keysOnly))),
    more: false,
    count: found.length,
    revision,
    disclosed: told.map((secret) => disclosureOf(secret, keysOnly)),
  };
}

/** Keys are bytes; a text with a character a byte has the same order. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
