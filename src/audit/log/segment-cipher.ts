import { createSecretKey } from "node:crypto";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { BlockWalk } from "./block-walk.ts";
import { blockTypes, headerBytes, payloadOf } from "./block.ts";
import type { ByteSource } from "./byte-source.ts";
import { EntryCipher } from "./entry-cipher.ts";
import { firstDictionary } from "./event-dictionary.ts";
import type { AuditSeal } from "./log-keys.ts";
import type { SegmentHeader } from "./segment-header.ts";

/** Opens the key of a segment, with the dictionary that it begins with if it does. Raises `sealed`, `corrupt`. */
export async function openSegmentCipher(
  source: ByteSource,
  { header, blocksFrom }: { readonly header: SegmentHeader; readonly blocksFrom: number },
  seal: Pick<AuditSeal, "unwrap">,
): Promise<{ cipher: EntryCipher; hasOwnDictionary: boolean }> {
  const key = await seal.unwrap(Buffer.from(header.dataKey, "base64"));
  const plain = new EntryCipher(createSecretKey(key), firstDictionary);
  key.fill(0);
  const [first] = (await new BlockWalk(source, blocksFrom).next()) ?? [];
  if (first?.type !== blockTypes.dictionary) {
    if (header.dictionary === undefined) return { cipher: plain, hasOwnDictionary: false };
    throw new StrongroomError("corrupt", "a segment of the audit log must begin with the dictionary that it names");
  }
  const dictionary = plain.open(payloadOf(first), first.bytes.subarray(0, headerBytes));
  const isBound = header.dictionary === "bound";
  return { cipher: isBound ? plain.boundTo(dictionary) : plain.with(dictionary), hasOwnDictionary: true };
}
