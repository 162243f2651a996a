type MetadataKey = string | symbol;
type PropertyName = string | symbol | undefined;

const metadata = new WeakMap<object, Map<PropertyName, Map<MetadataKey, unknown>>>();

/**
 * Adds to `Reflect` the three functions of the Reflect Metadata proposal without which
 * @peculiar/x509 does not load (its dependency tsyringe insists on them). To be called before
 * that package is imported; does nothing when they are there. What it adds cannot be enumerated.
 */
export function installReflectMetadata(): void {
  if ("getMetadata" in Reflect) return;
  for (const [name, value] of Object.entries({ defineMetadata, getOwnMetadata, getMetadata })) {
    Object.defineProperty(Reflect, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

function defineMetadata(key: MetadataKey, value: unknown, target: object, property?: PropertyName): void {
  const byProperty = metadata.get(target) ?? new Map<PropertyName, Map<MetadataKey, unknown>>();
  const byKey = byProperty.get(property) ?? new Map<MetadataKey, unknown>();
  metadata.set(target, byProperty.set(property, byKey.set(key, value)));
}

function getOwnMetadata(key: MetadataKey, target: object, property?: PropertyName): unknown {
  return metadata.get(target)?.get(property)?.get(key);
}

/** As {@link getOwnMetadata}, along the prototype chain: the nearest object that has the key answers. */
function getMetadata(key: MetadataKey, target: object, property?: PropertyName): unknown {
  for (let at: object | null = target; at !== null; at = Reflect.getPrototypeOf(at)) {
    const byKey = metadata.get(at)?.get(property);
    if (byKey?.has(key) === true) return byKey.get(key);
  }
  return undefined;
}
