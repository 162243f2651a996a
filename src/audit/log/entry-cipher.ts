/**
 * The entries of one block on their way to the disk and back: lines of JSON, compressed, then encrypted.
 *
 *     nonce (12 random bytes) | AES-256-GCM of raw DEFLATE of the lines | tag (16)
 *
 * Authenticated with them is the block's header. Each segment has a key of its own: with at most some 100,000 blocks under one, random
 * nonces are far from any limit. A block can be read without those before it. What all events have in common is in the segment's
 * dictionary, because most blocks hold a few events only: 1,135 bytes of JSON make 164 alone, 133 in a batch of 32.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { RandomPool } from "../../crypto/random-pool.ts";
import { blockBytesMax } from "./block.ts";

const nonceBytes = 12;
const tagBytes = 16;
export const dataKeyBytes = 32;
/** Level 6 costs nothing more while so little is compressed, and twice the time of 3 for a tenth less when it is much. */
const smallBytes = 4 * 1024;
/** As much text as events of the usual kinds need. A longer one takes its time with each block. */
export const dictionaryBytesMax = 6 * 1024;
const nonces = new RandomPool(256 * nonceBytes);
/** Deflate makes at most 1,032 bytes of one. Only what is authentic is inflated, but by nobody is more believed than could be. */
const plaintextBytesMax = 8 * blockBytesMax;

export class EntryCipher {
  readonly #key: KeyObject;
  readonly #dictionary: Buffer;

  constructor(key: KeyObject, dictionary: Buffer) {
    this.#key = key;
    this.#dictionary = dictionary;
  }

  /** The same key with another dictionary. */
  with(dictionary: Buffer): EntryCipher {
    return new EntryCipher(this.#key, dictionary);
  }

  /** The bytes of a payload: `header` makes the header when their number is known. */
  seal(lines: Buffer, header: (payloadBytes: number) => Buffer): { header: Buffer; payload: readonly Buffer[] } {
    const level = lines.length < smallBytes ? 6 : 3;
    const compressed = deflateRawSync(lines, { level, dictionary: this.#dictionary });
    const encoded = header(nonceBytes + compressed.length + tagBytes);
    const nonce = Buffer.allocUnsafe(nonceBytes);
    nonces.fillInto(nonce, 0, nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(encoded);
    const ciphertext = cipher.update(compressed);
    cipher.final(); // GCM has no padding: nothing comes out, but the tag is there only afterwards
    return { header: encoded, payload: [nonce, ciphertext, cipher.getAuthTag()] };
  }

  /** The lines of a payload. Raises `corrupt` unless it is authentic for its header. */
  open(payload: Buffer, header: Buffer): Buffer {
    try {
      if (payload.length < nonceBytes + tagBytes) throw new RangeError("a payload must hold a nonce and a tag");
      const nonce = payload.subarray(0, nonceBytes);
      const decipher = createDecipheriv("aes-256-gcm", this.#key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(header).setAuthTag(payload.subarray(-tagBytes));
      const compressed = decipher.update(payload.subarray(nonceBytes, -tagBytes));
      decipher.final(); // raises unless authentic
      return inflateRawSync(compressed, { dictionary: this.#dictionary, maxOutputLength: plaintextBytesMax });
    } catch (cause) {
      throw new StrongroomError("corrupt", "entries of the audit log must be those that were written", { cause });
    }
  }
}

/** What events of the first segment are compressed with. */
export const firstDictionary = Buffer.from(
  [
    '{"auditID":"","stage":"RequestReceived","door":"start","verb":"create","requestURI":"/kubeconfig","user":{"username":"strongroom:host-administrator","groups":[]},"sourceIPs":[],"userAgent":"","objectRef":{"apiGroup":"strongroom.dev","apiVersion":"v1alpha1","resource":"clientcertificates","name":"strongroom-admin"}',
    '{"auditID":"","stage":"Disclosed","door":"kubernetes","verb":"watch","requestURI":"","user":{"username":"","groups":[]},"sourceIPs":[],"userAgent":"","disclosed":[{"namespace":"","name":"","uid":"","resourceVersion":""}],"streams":[""],"metadataOnly":true}',
    '{"auditID":"","stage":"ResponseStarted","door":"kubernetes","verb":"list","requestURI":"/api/v1/secrets?limit=500&watch=true&allowWatchBookmarks=true&resourceVersion=0","user":{"username":"anonymous","groups":["system:unauthenticated"]},"responseStatus":{"code":403,"reason":"Forbidden"},"annotations":{"authorization.k8s.io/decision":"forbid"}',
    '{"auditID":"","stage":"ResponseComplete","door":"kubernetes","verb":"get","requestURI":"/api/v1/namespaces/default/secrets/","user":{"username":"system:serviceaccount:kube-system:","uid":"","groups":["system:serviceaccounts","system:serviceaccounts:default","system:authenticated"],"extra":{"authentication.kubernetes.io/credential-id":["JTI="],"authentication.kubernetes.io/pod-name":[""]}},"sourceIPs":["127.0.0.1"],"userAgent":"kubectl/v1.34.1 (linux/amd64) kubernetes/","objectRef":{"resource":"secrets","namespace":"default","name":"","uid":"","apiVersion":"v1","resourceVersion":""},"requestReceivedTimestamp":"2026-01-01T00:00:00.000000Z","stageTimestamp":"2026-01-01T00:00:00.000000Z","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by ClusterRoleBinding \\"/\\" of ClusterRole \\"\\" to ServiceAccount \\"/\\""},"responseStatus":{"code":200},"disclosed":[{"namespace":"default","name":"","uid":"","resourceVersion":""}]}',
  ].join("\n"),
);
