/** Clients of the etcd door that read, put, compare and swap a few keys at the same time, and what each of them saw of which key. */
import {
  Compare,
  DeleteRangeRequest,
  KeyValue,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  TxnRequest,
  TxnResponse,
} from "../../src/doors/etcd/messages/kv.ts";
import type { Action, Operation, Seen } from "../support/linearizability.ts";
import type { GrpcClient } from "./grpc-client.ts";

const kv = (method: string) => `/etcdserverpb.KV/${method}`;
const bytes = (text: string) => Buffer.from(text, "latin1");
const textOf = (value: Uint8Array) => Buffer.from(value).toString("latin1");

/** A sequence of numbers below 1 that is the same for the same seed. Source: mulberry32, public domain. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Nobody was told what became of a call. */
class NotAnsweredError extends Error {}

export class RegisterLoad {
  readonly keys: readonly string[];
  readonly #random: () => number;
  readonly #histories: ReadonlyMap<string, Operation[]>;
  readonly #seen = new Map<string, Seen>();
  #clock = 0;
  #written = 0;

  constructor(keys: readonly string[], random: () => number) {
    this.keys = keys;
    this.#random = random;
    this.#histories = new Map(keys.map((key): [string, Operation[]] => [key, []]));
  }

  /** What was seen of each key. */
  get histories(): readonly (readonly Operation[])[] {
    return [...this.#histories.values()];
  }

  get count(): number {
    return this.histories.reduce((sum, { length }) => sum + length, 0);
  }

  /** One operation of one client; resolves to whether it was answered. */
  async step(client: GrpcClient): Promise<boolean> {
    const key = this.keys[Math.floor(this.#random() * this.keys.length)] ?? "";
    const asked = this.#next(key);
    const called = ++this.#clock;
    try {
      const does = await perform(client, key, asked);
      this.#note(key, does);
      this.#histories.get(key)?.push({ called, returned: ++this.#clock, does });
      return true;
    } catch (error) {
      if (!(error instanceof NotAnsweredError)) throw error;
      // A read that was not answered was none.
      if (asked.type !== "read")
        this.#histories.get(key)?.push({ called, returned: Infinity, does: unanswered(asked) });
      return false;
    }
  }

  #next(key: string): Asked {
    const chosen = this.#random();
    // One in eight deletes.
    const value = this.#random() < 0.125 ? "" : `k8s:enc:aescbc:v1:k:${++this.#written}`;
    if (chosen < 0.4) return { type: "read" };
    if (chosen < 0.55) return { type: "put", value };
    return { type: "swap", over: this.#seen.get(key) ?? { mod: 0, value: "" }, value };
  }

  /** What a swap will be over: mostly it is not old. */
  #note(key: string, does: Action): void {
    if (does.type === "read") this.#seen.set(key, does.seen);
    if (does.type === "swap" && does.answer !== undefined) {
      const { answer, value } = does;
      this.#seen.set(key, answer.succeeded ? { mod: value === "" ? 0 : answer.mod, value } : answer.seen);
    }
  }
}

type Asked =
  | { readonly type: "read" }
  | { readonly type: "put"; readonly value: string }
  | { readonly type: "swap"; readonly over: Seen; readonly value: string };

function unanswered(asked: Exclude<Asked, { type: "read" }>): Action {
  return asked.type === "put" ? { ...asked, mod: undefined } : { ...asked, answer: undefined };
}

async function perform(client: GrpcClient, key: string, asked: Asked): Promise<Action> {
  switch (asked.type) {
    case "read":
      return { type: "read", seen: await read(client, key) };
    case "put":
      return { ...asked, mod: await put(client, key, asked.value) };
    case "swap":
      return { ...asked, answer: await swap(client, key, asked) };
    default:
      return asked satisfies never;
  }
}

async function read(client: GrpcClient, key: string): Promise<Seen> {
  const { kvs } = RangeResponse.decode(await unary(client, "Range", RangeRequest.encode({ key: bytes(key) })));
  return seenOf(kvs[0]);
}

/** Resolves to the revision; of a deletion of what was not there, to none. */
async function put(client: GrpcClient, key: string, value: string): Promise<number | undefined> {
  if (value === "") {
    await unary(client, "DeleteRange", DeleteRangeRequest.encode({ key: bytes(key) }));
    return undefined;
  }
  const message = await unary(client, "Put", PutRequest.encode({ key: bytes(key), value: bytes(value) }));
  return PutResponse.decode(message).header?.revision;
}

async function swap(client: GrpcClient, key: string, { over, value }: { readonly over: Seen; readonly value: string }) {
  const change =
    value === ""
      ? { deleteRange: DeleteRangeRequest.of({ key: bytes(key) }) }
      : { put: PutRequest.of({ key: bytes(key), value: bytes(value) }) };
  const message = await unary(
    client,
    "Txn",
    TxnRequest.encode({
      compare: [Compare.of({ key: bytes(key), target: 2, modRevision: over.mod })],
      success: [RequestOp.of(change)],
      failure: [RequestOp.of({ range: RangeRequest.of({ key: bytes(key) }) })],
    }),
  );
  const { succeeded, header, responses } = TxnResponse.decode(message);
  if (succeeded) return { succeeded, mod: header?.revision ?? 0 };
  return { succeeded, seen: seenOf(responses[0]?.range?.kvs[0]) };
}

function seenOf(message: Uint8Array | undefined): Seen {
  if (message === undefined) return { mod: 0, value: "" };
  const { modRevision: mod, value } = KeyValue.decode(message);
  return { mod, value: textOf(value) };
}

async function unary(client: GrpcClient, method: string, message: Uint8Array): Promise<Buffer> {
  const answer = await client.unary(kv(method), message);
  // Without a status of its own the stream was cut; a server that goes says that it is unavailable.
  if (answer.status === -1 || answer.status === 14) throw new NotAnsweredError(answer.message);
  if (answer.status !== 0) throw new Error(`${method}: ${answer.status} ${answer.message}`);
  return answer.messages[0] ?? Buffer.alloc(0);
}
