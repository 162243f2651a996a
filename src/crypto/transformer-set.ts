import type { Transformer } from "./transformer.ts";

/**
 * Chooses the transformer of a storage key: that of its resource when there is one, else
 * the default. So everything stored is transformed, our own records included, and a
 * configuration can only give a resource other keys.
 *
 * A resource is named by its place in the store: `/registry/secrets/` for keys like
 * `/registry/secrets/<namespace>/<name>`, `/registry/<group>/<resource>/` for kinds that
 * are kept under their group. The longer place wins.
 */
export class TransformerSet {
  readonly #default: Transformer;
  readonly #byPlace: ReadonlyMap<string, Transformer>;

  /** Raises RangeError for a place that is not two or three segments between slashes, e.g. `/registry/secrets/`. */
  constructor(defaultTransformer: Transformer, byPlace: ReadonlyMap<string, Transformer> = new Map()) {
    for (const place of byPlace.keys()) {
      if (!/^(\/[^/]+){2,3}\/$/.test(place))
        throw new RangeError(`a place must look like /registry/secrets/, got ${place}`);
    }
    this.#default = defaultTransformer;
    this.#byPlace = byPlace;
  }

  /** The transformer that writes and reads the value of this key. */
  transformerFor(key: string): Transformer {
    if (this.#byPlace.size === 0) return this.#default;
    const second = endOfSegment(key, endOfSegment(key, 1));
    const third = endOfSegment(key, second);
    return this.#byPlace.get(key.slice(0, third)) ?? this.#byPlace.get(key.slice(0, second)) ?? this.#default;
  }
}

/** Index after the next slash from `from` on; the length when there is none. */
function endOfSegment(key: string, from: number): number {
  const slash = key.indexOf("/", from);
  return slash < 0 ? key.length : slash + 1;
}
