import { StrongroomError, isStrongroomError } from "../errors/strongroom-error.ts";
import { notAuthentic } from "./not-authentic.ts";
import { startsWith } from "./starts-with.ts";
import type { Opened, TransformContext, Transformer } from "./transformer.ts";

/**
 * A transformer whose stored bytes begin with a prefix that names it, e.g.
 * `k8s:enc:kms:v2:strongroom:`. It writes the prefix itself and is handed it back,
 * so that a value of 1 MiB is not copied once more to add or strip it. Only the
 * transformer that does not encrypt has the empty prefix, which fits all bytes.
 */
export interface PrefixedTransformer extends Transformer {
  readonly prefix: Uint8Array;
  /** What a key management service calls the key that is written with; undefined while there is none, and where keys have no ids. */
  readonly writeKeyId?: string | undefined;
}

/**
 * The transformers of one resource, in the order of the configuration: the first writes;
 * a read tries, in order, every one whose prefix fits until one succeeds, and says
 * `stale` unless that was the first. Several may have the same prefix (old and new
 * keys of one kind), so a failure does not end the search.
 *
 * When none succeeds: a `sealed` or `unavailable` of any of them is raised as it is (the bytes may be
 * sound), else `corrupt` with one text, its cause an AggregateError of all failures.
 *
 * Source: kubernetes/apiserver pkg/storage/value/transformer.go, prefixTransformers.
 */
export class TransformerChain implements Transformer {
  readonly #writer: PrefixedTransformer;
  readonly #readers: readonly PrefixedTransformer[];

  constructor(writer: PrefixedTransformer, ...furtherReaders: readonly PrefixedTransformer[]) {
    this.#writer = writer;
    this.#readers = [writer, ...furtherReaders];
  }

  toStorage(plaintext: Uint8Array, context: TransformContext): Uint8Array {
    return this.#writer.toStorage(plaintext, context);
  }

  fromStorage(stored: Uint8Array, context: TransformContext): Opened | Promise<Opened> {
    return this.#tryFrom(0, [], stored, context);
  }

  /** Stays synchronous as long as the transformers do; a promise continues here when it is rejected. */
  #tryFrom(first: number, errors: unknown[], stored: Uint8Array, context: TransformContext): Opened | Promise<Opened> {
    for (let index = first; index < this.#readers.length; index++) {
      const reader = this.#readers[index];
      if (reader === undefined || !startsWith(stored, reader.prefix)) continue;
      try {
        const opened = reader.fromStorage(stored, context);
        if (!(opened instanceof Promise)) return this.#marked(opened, index);
        return opened.then(
          (value) => this.#marked(value, index),
          (error: unknown) => this.#tryFrom(index + 1, [...errors, error], stored, context),
        );
      } catch (error) {
        errors.push(error);
      }
    }
    throw failureOf(errors);
  }

  #marked(opened: Opened, index: number): Opened {
    return index === 0 || opened.stale ? opened : { plaintext: opened.plaintext, stale: true };
  }
}

function failureOf(errors: readonly unknown[]): StrongroomError {
  const withoutKey = errors.find((e) => isStrongroomError(e, "sealed") || isStrongroomError(e, "unavailable"));
  if (withoutKey instanceof StrongroomError) return withoutKey;
  return notAuthentic(
    new AggregateError(errors, errors.length === 0 ? "No transformer has the prefix of the bytes" : ""),
  );
}
