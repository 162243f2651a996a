import { RangeRequest, RangeResponse } from "../doors/etcd/messages/kv.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { decodeKeyValue } from "../etcd-snapshot/key-value.ts";
import type { KeyValue } from "../etcd-snapshot/key-value.ts";
import { GrpcClient } from "../grpc/grpc-client.ts";
import { GrpcError, grpcCodes } from "../grpc/grpc-status.ts";
import { connectEtcd } from "./etcd-target.ts";
import type { EtcdTarget } from "./etcd-target.ts";

/** How long a page may take, and how large it may be. A value is 1.5 MiB at most, unless somebody allowed more. */
const timeoutMs = 60_000;
const pageBytesMax = 64 * 1024 * 1024;
/** Pages are asked for so that they come to about this. */
const pageBytesWanted = 4 * 1024 * 1024;
/** With the 64 KiB of HTTP/2, an etcd that is 20 ms away gives 1.5 MiB/s; with this, 30. */
const windowBytes = 4 * 1024 * 1024;
const pageKeysMax = 1000;
const pageKeysAtFirst = 50;

const rangePath = "/etcdserverpb.KV/Range";
const compactedText = "required revision has been compacted";

interface Page {
  readonly keys: readonly KeyValue[];
  readonly bytes: number;
  readonly revision: number;
  readonly more: boolean;
}

/**
 * What an etcd has below a prefix, read in pages at one revision from whichever of its members answers.
 *
 *     using reader = new EtcdReader([{ url: "https://10.0.0.1:2379", tls: { ca, cert, key } }]);
 *     for await (const { key, value, modRevision } of reader.below("/registry/")) { ... }
 */
export class EtcdReader implements Disposable {
  readonly #members: readonly { readonly url: string; readonly client: GrpcClient }[];
  #answering = 0;
  #keysWanted = pageKeysAtFirst;
  /** The first and the last revision at which pages were read: the same unless etcd compacted it meanwhile. */
  readonly revisions: { first: number; last: number } = { first: 0, last: 0 };

  /** Members of one cluster, in the order in which they are to be tried: one at least. */
  constructor(targets: readonly EtcdTarget[]) {
    this.#members = targets.map((target) => ({
      url: target.url,
      client: new GrpcClient({ connect: () => connectEtcd(target), messageBytesMax: pageBytesMax, windowBytes }),
    }));
  }

  /** The member that has answered last. */
  get url(): string {
    return this.#members[this.#answering]?.url ?? "";
  }

  /**
   * Every key that begins with the prefix, in their order. Raises `unavailable` when no member answers, `denied` when etcd does not allow
   * it, and `corrupt` for an answer that is none.
   */
  async *below(prefix: string): AsyncGenerator<KeyValue> {
    const end = endOfPrefix(Buffer.from(prefix));
    let from = Buffer.from(prefix);
    let revision = 0;
    for (let isFirst = true; ; isFirst = false) {
      const page = await this.#pageAt(revision, { key: from, rangeEnd: end });
      if (isFirst) this.revisions.first = page.revision;
      this.revisions.last = page.revision;
      revision = page.revision;
      for (const keyValue of page.keys) {
        if (keyValue.key.compare(from) < 0 || keyValue.key.compare(end) >= 0) throw notThatAnswer();
        from = Buffer.concat([keyValue.key, Buffer.from([0])]);
        yield keyValue;
      }
      if (!page.more) return;
      if (page.keys.length === 0) throw notThatAnswer();
    }
  }

  /** What the first keys of the etcd begin with, whatever they are: a few, without values. */
  async firstKeys(count: number): Promise<readonly Buffer[]> {
    const all = Buffer.from([0]);
    const page = await this.#page({ key: all, rangeEnd: all, limit: count, keysOnly: true });
    return page.keys.map(({ key }) => key);
  }

  [Symbol.dispose](): void {
    for (const { client } of this.#members) client[Symbol.dispose]();
  }

  /** The next page at a revision, or at the newest one when etcd has that no longer. Fewer keys are asked for where values are large. */
  async #pageAt(revision: number, range: Pick<RangeRequest, "key" | "rangeEnd">): Promise<Page> {
    for (;;) {
      try {
        const page = await this.#page({ ...range, limit: this.#keysWanted, revision });
        this.#keysWanted = nextKeysWanted(this.#keysWanted, page);
        return { ...page, revision: revision === 0 ? page.revision : revision };
      } catch (error) {
        const isTooLong = error instanceof GrpcError && error.code === grpcCodes.resourceExhausted;
        if (isTooLong && this.#keysWanted > 1) this.#keysWanted = Math.ceil(this.#keysWanted / 4);
        else if (revision > 0 && isCompacted(error)) return await this.#pageAt(0, range);
        else throw error instanceof GrpcError ? strongroomError(error) : error;
      }
    }
  }

  /** From the member that answered last, or else the next one that does. */
  async #page(request: Partial<RangeRequest>): Promise<Page> {
    const message = RangeRequest.encode(request);
    const refusals: string[] = [];
    for (let tried = 0; tried < this.#members.length; tried++) {
      const member = this.#members[(this.#answering + tried) % this.#members.length];
      if (member === undefined) break;
      try {
        const answer = await member.client.unary(rangePath, message, timeoutMs);
        this.#answering = (this.#answering + tried) % this.#members.length;
        return decodePage(answer);
      } catch (error) {
        if (!(error instanceof GrpcError) || !isOfMember(error)) throw error;
        refusals.push(`${member.url}: ${reasonOf(error)}`);
      }
    }
    throw new StrongroomError("unavailable", `an etcd must answer: ${refusals.join("; ")}`);
  }
}

/** Whether another member may answer where this one does not. */
function isOfMember({ code }: GrpcError): boolean {
  return code === grpcCodes.unavailable || code === grpcCodes.deadlineExceeded;
}

/** Why a connection failed stands in the cause. */
function reasonOf({ message, cause }: GrpcError): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

function isCompacted(error: unknown): boolean {
  return error instanceof GrpcError && error.code === grpcCodes.outOfRange && error.message.includes(compactedText);
}

function strongroomError(error: GrpcError): StrongroomError {
  const { code, message } = error;
  const isDenied = code === grpcCodes.permissionDenied || code === grpcCodes.unauthenticated;
  const isPassword = code === grpcCodes.invalidArgument && message.includes("user name is empty");
  const text = message === "" ? `status ${code} of gRPC` : message;
  if (isDenied || isPassword)
    return new StrongroomError("denied", `etcd must allow reading: ${text}`, { cause: error });
  return new StrongroomError("unavailable", `etcd must give out what it has: ${text}`, { cause: error });
}

function notThatAnswer(): StrongroomError {
  return new StrongroomError("corrupt", "the answer of etcd must be the keys that it was asked for, in their order");
}

function decodePage(answer: Buffer): Page {
  const { header, kvs, more } = RangeResponse.decode(answer);
  const keys = kvs.map((bytes) => decodeKeyValue(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  const whole = keys.filter((each) => each !== undefined);
  if (header === undefined || whole.length < keys.length) {
    throw notThatAnswer();
  }
  return { keys: whole, bytes: answer.length, revision: header.revision, more };
}

/** Twice as many or half as many as before, towards pages of the size that is wanted. */
function nextKeysWanted(before: number, { bytes }: Page): number {
  if (bytes < pageBytesWanted / 2) return Math.min(pageKeysMax, before * 2);
  return bytes > pageBytesWanted * 2 ? Math.max(1, Math.floor(before / 2)) : before;
}

/** The first key that no longer begins with the prefix, as etcd's own clients count it up. */
function endOfPrefix(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let index = end.length - 1; index >= 0; index--) {
    const byte = end[index] ?? 0;
    if (byte < 0xff) {
      end[index] = byte + 1;
      return end.subarray(0, index + 1);
    }
  }
  return Buffer.from([0]);
}
