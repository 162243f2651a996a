/**
 * Lists in protobuf: runtime.Unknown whose `raw` is the list's message, in which
 * every item is field 2. The length of `raw` stands before it, so it has to be
 * known before the first byte leaves.
 *
 * The list is therefore read twice at its one revision: once to sum the lengths
 * of its encoded items, once to send them. What was encoded by the first reading
 * is kept as long as it is small, and then sent without a second one. So a list
 * costs the memory of {@link keptBytesMax}, and a large one twice the time.
 * (Keeping the lengths alone, one a item, would not save the second reading;
 * computing them without encoding would need a second encoder that must agree
 * with the first to the byte.)
 */
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { StreamPiece } from "../../../gate/gate.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { encodeMessage, ItemEncoder } from "../codec/protobuf.ts";
import { envelopeHead, envelopeTail } from "../codec/protobuf-envelope.ts";
import type { Kind } from "../kinds/kind.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { stringField } from "../validation/object-fields.ts";
import type { ListAnswer } from "../verbs/list.ts";
import { listSchemaOf, viewSchema } from "./encode-object.ts";
import { inPieces, whenQuiet } from "./list-pieces.ts";
import type { OutputFormat } from "./output-format.ts";

/** Encoded items of at most so many bytes are kept between the two readings. */
export const keptBytesMax = 4 * 1024 * 1024;

/** The number of the field that holds the items, in every list of the API. */
const itemsField = 2;

/** The pieces of a list; `fields` is the list without its items, `item` the tree of one. */
export async function* encodeProtobufList(request: {
  readonly kind: Kind;
  readonly list: ListAnswer;
  readonly format: OutputFormat;
  readonly fields: JsonObject;
  readonly item: (object: StoredObject) => JsonObject;
}): AsyncGenerator<StreamPiece> {
  const { kind, list, format, fields } = request;
  const items = new ItemEncoder(itemsField, viewSchema(kind, format));
  const encode = async (object: StoredObject) => {
    const tree = request.item(object);
    await whenQuiet(object.sizeBytes);
    return [items.encode(tree)];
  };

  let itemsBytes = 0;
  let kept: StreamPiece[] | undefined = [];
  for await (const piece of inPieces({ list, format }, encode)) {
    itemsBytes += piece.bytes.length;
    kept?.push(piece);
    if (itemsBytes > keptBytesMax) kept = undefined;
    yield nothing;
  }

  const head = encodeMessage(listSchemaOf(kind, format), listWithoutItems(fields));
  const name = { kind: stringField(fields, "kind"), apiVersion: stringField(fields, "apiVersion") };
  const start = Buffer.concat([envelopeHead(name, head.length + itemsBytes), head]);
  yield { bytes: start, disclosed: [] };
  for await (const piece of kept ?? inPieces({ list, format }, encode)) {
    itemsBytes -= piece.bytes.length;
    // What the client was told to expect is out of step: a cut answer is better than one that decodes to something else.
    if (itemsBytes < 0) break;
    yield piece;
  }
  if (itemsBytes !== 0) throw new StrongroomError("corrupt", "a list must be the same when it is read again");
  yield { bytes: Buffer.from(envelopeTail()), disclosed: [] };
}

/** Handed out while nothing can leave yet, so that whoever sends can stop the reading when its client has gone. */
const nothing: StreamPiece = { bytes: Buffer.alloc(0), disclosed: [] };

function listWithoutItems(fields: JsonObject): JsonObject {
  return jsonObject([["metadata", fields["metadata"] ?? null]]);
}
