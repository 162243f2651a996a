/** A streamed answer whose pieces come out when what is in them is on record. */
import type { AuditEvent } from "../audit/audit-event.ts";
import type { StreamPiece } from "./gate.ts";
import type { OpenStream } from "./open-streams.ts";
import type { RequestRecord } from "./request-record.ts";

export interface AuditedStream {
  readonly record: RequestRecord;
  readonly pieces: AsyncIterable<StreamPiece>;
  /** Of a watch: it ends when its caller loses the right to it. */
  readonly open: { readonly stream: OpenStream; readonly refusal: (error: unknown) => Buffer } | undefined;
  /** Whether the right has to be asked for again before a piece leaves. */
  readonly mustAsk: (piece: StreamPiece) => boolean;
  /** Resolves when it is on record what the piece discloses. */
  readonly recordPiece: (piece: StreamPiece) => Promise<void>;
  readonly write: (event: AuditEvent) => Promise<void>;
}

/** The bytes that may leave. However it ends, that is on record. */
export async function* auditedPieces(audited: AuditedStream): AsyncGenerator<Buffer> {
  const { record, open } = audited;
  const stream = open?.stream;
  let code = 200;
  let wasCut = true;
  try {
    for await (const piece of audited.pieces) {
      if (stream !== undefined && audited.mustAsk(piece) && !(await stream.mayGoOn())) break;
      if (piece.disclosed.length > 0) await audited.recordPiece(piece);
      // Recording takes its time: what was changed and answered meanwhile holds.
      if (stream !== undefined && audited.mustAsk(piece) && !(await stream.mayGoOn())) break;
      yield piece.bytes;
    }
    wasCut = false;
    if (stream?.refusal === undefined) return;
    code = record.request.describeError(stream.refusal).code;
    if (open !== undefined) yield open.refusal(stream.refusal);
  } catch (error) {
    code = record.request.describeError(error).code;
    throw error;
  } finally {
    stream?.close();
    // A watch is ended by its client as a rule.
    const cut = wasCut && open === undefined && { cut: true };
    await audited.write(record.event("ResponseComplete", { responseStatus: { code }, ...cut }));
  }
}
