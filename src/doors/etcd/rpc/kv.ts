/** KV.Put, DeleteRange, Txn and Compact. Source: etcd server/etcdserver/api/v3rpc/key.go, server/etcdserver/apply.go. */
import type { Disclosure } from "../../../audit/audit-event.ts";
import type { GateContext, Outcome } from "../../../gate/gate.ts";
import type { Place } from "../cluster-keys.ts";
import { changesAll, keyDetail, rightTo } from "../door-calls.ts";
import type { Asked } from "../door-calls.ts";
import { GrpcError, grpcCodes } from "../../../grpc/grpc-status.ts";
import type { Method, UnaryMethod } from "../../../grpc/serve-grpc.ts";
import { unserved } from "../etcd-error.ts";
import { holds } from "../key-state.ts";
import {
  compareRelations,
  compareTargets,
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeResponse,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from "../messages/kv.ts";
import type { Compare, RangeRequest, RequestOp } from "../messages/kv.ts";
import { responseHeader } from "./header.ts";
import { latin1, rangeMethod, readRange, targetOf } from "./range.ts";
import type { RangeOptions } from "./range.ts";
import {
  change,
  changeablePlace,
  deleteChange,
  objectOf,
  putChange,
  readCurrent,
  stateOfCurrent,
  untilWon,
} from "./write-key.ts";
import type { Change, Changed } from "./write-key.ts";

/** etcd's `--max-txn-ops`. */
const operationsMax = 128;

/** The methods of `etcdserverpb.KV`. */
export function kvMethods(options: RangeOptions): readonly (readonly [string, Method])[] {
  return [
    ["Range", rangeMethod(options)],
    ["Put", putMethod(options)],
    ["DeleteRange", deleteMethod(options)],
    ["Txn", txnMethod(options)],
    ["Compact", compactMethod(options)],
  ];
}

/** A put without a condition: whatever is there becomes this. */
function putMethod(options: RangeOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const asked = putChange(PutRequest.decode(message));
      return options.calls.run(call, unconditional(options, asked), keyDetail(asked.key), async (context) => {
        // Whether it is one or the other is told to nobody who may not do both.
        await context.authorize("create");
        const changed = await changeOne(options, context, asked);
        const { put = {} } = await answerOf(options, changed);
        return outcome(changed, PutResponse.encode(put));
      });
    },
  };
}

function deleteMethod(options: RangeOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const asked = deleteChange(DeleteRangeRequest.decode(message));
      return options.calls.run(call, unconditional(options, asked), keyDetail(asked.key), async (context) => {
        const changed = await changeOne(options, context, asked);
        const { deleteRange = {} } = await answerOf(options, changed);
        return outcome(changed, DeleteRangeResponse.encode(deleteRange));
      });
    },
  };
}

async function answerOf({ identity, secrets }: RangeOptions, changed: Changed): Promise<ResponseOp> {
  return changed.response(responseHeader(identity, changed.revision ?? (await secrets.currentRevision())));
}

function unconditional({ secrets }: RangeOptions, asked: Change): Asked {
  return rightTo(secrets.keys.place(asked.key), asked.type === "put" ? "update" : "delete");
}

async function changeOne(options: RangeOptions, context: GateContext, asked: Change): Promise<Changed> {
  const place = changeablePlace(options.secrets.keys.place(asked.key));
  if (asked.request.prevKv && place.type === "secret") await context.authorize("get");
  return untilWon(async () => change(options, context, await readCurrent(options, place), asked));
}

function outcome(changed: Changed, answer: Uint8Array): Outcome<Uint8Array> {
  return { answer, code: 200, disclosed: changed.disclosed, ...objectOf(changed.object) };
}

/** One branch of a transaction: reads, and at most one change. */
interface Branch {
  readonly operations: readonly (
    | { readonly type: "range"; readonly request: RangeRequest }
    | { readonly type: "change"; readonly change: Change }
  )[];
  readonly change: Change | undefined;
}

interface Plan {
  readonly compares: readonly Compare[];
  readonly success: Branch;
  readonly failure: Branch;
  /** The key that the conditions are on, and that is changed. */
  readonly place: Place;
}

/**
 * A transaction of one key, which is what API servers and etcdctl send: its conditions are on the key that it changes, so
 * that the core's own compare of the revision makes the two one step.
 */
function txnMethod(options: RangeOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const plan = planOf(options, TxnRequest.decode(message));
      return options.calls.run(call, askedOfPlan(plan), keyDetail(plan.place.key), async (context) => {
        await authorizeFurther(context, plan);
        return untilWon(() => runPlan(options, context, plan));
      });
    },
  };
}

function planOf(options: RangeOptions, request: ReturnType<typeof TxnRequest.decode>): Plan {
  const { compare: compares } = request;
  if (Math.max(compares.length, request.success.length, request.failure.length) > operationsMax) {
    throw new GrpcError(grpcCodes.invalidArgument, "etcdserver: too many operations in txn request");
  }
  const success = branchOf(options, request.success);
  const failure = branchOf(options, request.failure);
  for (const { rangeEnd } of compares) if (rangeEnd.length > 0) throw unserved("a compare is of one key");
  const changed = [success, failure].flatMap((branch) => branch.change?.key ?? []);
  const compared = compares.map(({ key }) => latin1(key));
  const read = [success, failure].flatMap(({ operations }) =>
    operations.flatMap((each) => (each.type === "range" ? [latin1(each.request.key)] : [])),
  );
  const [key = "", ...others] = new Set([...changed, ...compared, ...read]);
  if (others.length > 0) throw unserved("a transaction compares, reads and changes one key");
  if (key === "") throw new GrpcError(grpcCodes.invalidArgument, "etcdserver: key is not provided");
  return { compares, success, failure, place: options.secrets.keys.place(key) };
}

function branchOf(options: RangeOptions, requests: readonly RequestOp[]): Branch {
  const operations = requests.map((request): Branch["operations"][number] => {
    if (request.range !== undefined) {
      const of = targetOf(options.secrets, request.range);
      if (of.type === "span") throw unserved("a transaction reads single keys");
      return { type: "range", request: request.range };
    }
    if (request.put !== undefined) return { type: "change", change: putChange(request.put) };
    if (request.deleteRange !== undefined) return { type: "change", change: deleteChange(request.deleteRange) };
    if (request.txn !== undefined) throw unserved("a transaction holds no other transactions");
    throw new GrpcError(grpcCodes.invalidArgument, "strongroom: an operation must be a range, a put or a delete");
  });
  const changes = operations.flatMap((operation) => (operation.type === "change" ? [operation.change] : []));
  if (new Set(changes.map(({ key }) => key)).size < changes.length) {
    throw new GrpcError(grpcCodes.invalidArgument, "etcdserver: duplicate key given in txn request");
  }
  if (changes.length > 1) throw unserved("a transaction changes one key");
  return { operations, change: changes[0] };
}

/** By what is compared, what a branch does is known beforehand: a put where the key must be absent creates. */
function askedOfPlan({ compares, success, failure, place }: Plan): Asked {
  const asked = success.change ?? failure.change;
  if (asked === undefined) return rightTo(place, "get");
  if (asked.type === "delete") return rightTo(place, "delete");
  return rightTo(place, createsOnly(compares) && failure.change === undefined ? "create" : "update");
}

function createsOnly(compares: readonly Compare[]): boolean {
  return compares.some((each) => demandedNumber(each) === 0);
}

/** What the number that is compared must be; undefined for a condition on something else, and one that leaves several. */
function demandedNumber(compare: Compare): number | undefined {
  const target = compareTargets[compare.target];
  if (compareRelations[compare.result] !== "=") return undefined;
  return target === "version" || target === "createRevision" || target === "modRevision" ? compare[target] : undefined;
}

/** Every other right that any of its branches takes; asked for before anything is looked at. */
async function authorizeFurther(context: GateContext, plan: Plan): Promise<void> {
  if (plan.place.type !== "secret") return;
  const { success, failure } = plan;
  const asked = new Set<string>([askedOfPlan(plan).verb]);
  // What did not hold says nothing of the key.
  const branches = [
    { branch: success, compares: plan.compares },
    { branch: failure, compares: [] },
  ];
  const needed = branches.flatMap(({ branch, compares }) =>
    branch.operations.flatMap((operation) => {
      if (operation.type === "range") return ["get"];
      const { change: wanted } = operation;
      const reads = wanted.request.prevKv ? ["get"] : [];
      if (wanted.type === "delete") return [...reads, "delete"];
      const creates = createsOnly(compares);
      // A condition that is neither "absent" nor a revision above zero leaves both open.
      return [...reads, ...(creates ? ["create"] : isUpdateOnly(compares) ? ["update"] : ["update", "create"])];
    }),
  );
  if (plan.compares.some(({ target }) => compareTargets[target] === "value")) needed.push("get");
  for (const verb of new Set(needed)) if (!asked.has(verb)) await context.authorize(verb);
}

function isUpdateOnly(compares: readonly Compare[]): boolean {
  return compares.some((each) => (demandedNumber(each) ?? 0) > 0);
}

async function runPlan(options: RangeOptions, context: GateContext, plan: Plan): Promise<Outcome<Uint8Array>> {
  const { place, compares } = plan;
  const current = place.type === "nothing" ? undefined : await readCurrent(options, place);
  const state = current === undefined ? undefined : stateOfCurrent(options, current);
  const succeeded = compares.every((compare) => holds(compare, state));
  const branch = succeeded ? plan.success : plan.failure;
  let changed: Changed | undefined;
  if (branch.change !== undefined) {
    changeablePlace(place);
    if (current !== undefined) changed = await change(options, context, current, branch.change);
  }
  const revision = changed?.revision ?? (await options.secrets.currentRevision());
  const header = responseHeader(options.identity, revision);
  const disclosed: Disclosure[] = [...(changed?.disclosed ?? [])];
  const responses: ResponseOp[] = [];
  for (const operation of branch.operations) {
    if (operation.type === "change") {
      if (changed !== undefined) responses.push(changed.response(header));
      continue;
    }
    const found = await readRange(options, targetOf(options.secrets, operation.request), operation.request, revision);
    disclosed.push(...found.disclosed);
    const { kvs, more, count } = found;
    responses.push(ResponseOp.of({ range: RangeResponse.of({ header, kvs, more, count }) }));
  }
  const answer = TxnResponse.encode({ header, succeeded, responses });
  return { answer, code: 200, disclosed, ...objectOf(changed?.object) };
}

function compactMethod(options: RangeOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const { revision } = CompactionRequest.decode(message);
      return options.calls.run(call, changesAll, `revision=${revision}`, async () => {
        await options.records.compact(revision);
        const header = responseHeader(options.identity, await options.secrets.currentRevision());
        return { answer: CompactionResponse.encode({ header }), code: 200 };
      });
    },
  };
}
