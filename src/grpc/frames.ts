/**
 * Messages in the body of an HTTP/2 stream: a byte that says whether it is compressed, its length in four bytes, the
 * message. Source: grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message".
 */
import { GrpcError, grpcCodes } from "./grpc-status.ts";

/** What stands before each message. */
export const headBytes = 5;

/** A message as it stands in the body. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, headBytes);
  return framed;
}

/**
 * The messages of a body, one after the other. Raises `resource-exhausted` before a message is read that has more than
 * `bytesMax`, `unimplemented` for a compressed one, `internal` when the body ends within one.
 */
export async function* readFrames(body: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    pending.push(chunk);
    length += chunk.length;
    while (length >= headBytes) {
      // At most one message and a chunk are held, so joining them is a copy of each byte or two.
      let joined = pending.length === 1 ? pending[0] : undefined;
      const head = joined ?? (needsJoin(pending) ? (joined = Buffer.concat(pending)) : pending[0]);
      const size = messageBytes(head ?? Buffer.alloc(0), bytesMax);
      if (length < headBytes + size) break;
      joined ??= Buffer.concat(pending);
      yield joined.subarray(headBytes, headBytes + size);
      const rest = joined.subarray(headBytes + size);
      pending = rest.length === 0 ? [] : [rest];
      length = rest.length;
    }
  }
  if (length > 0) throw new GrpcError(grpcCodes.internal, "the stream must not end within a message");
}

/** Whether the head of a message is spread over several chunks. */
function needsJoin(pending: readonly Buffer[]): boolean {
  return (pending[0]?.length ?? 0) < headBytes;
}

function messageBytes(head: Buffer, bytesMax: number): number {
  if (head[0] !== 0) {
    throw new GrpcError(
      grpcCodes.unimplemented,
      "grpc: messages must be sent without compression (grpc-encoding identity)",
    );
  }
  const size = head.readUInt32BE(1);
  if (size > bytesMax) throw tooLarge(size, bytesMax);
  return size;
}

/** In the words of gRPC's own server. */
export function tooLarge(size: number, bytesMax: number): GrpcError {
  return new GrpcError(grpcCodes.resourceExhausted, `grpc: received message larger than max (${size} vs. ${bytesMax})`);
}

/** The one message of a body. Raises as {@link readFrames}, and `internal` for none or more than one. */
export function onlyMessage(body: Buffer, bytesMax: number): Buffer {
  const size = body.length < headBytes ? undefined : messageBytes(body, bytesMax);
  if (size === undefined || body.length !== headBytes + size) {
    throw new GrpcError(grpcCodes.internal, "a unary call must have one whole message");
  }
  return body.subarray(headBytes);
}
