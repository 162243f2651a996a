import type { PkiStorage } from "../identity/x509/pki-storage.ts";
import type { Store } from "../store/store.ts";

/** The instance's own keys and certificates, stored like everything else. */
export function pkiStorage(store: Store): PkiStorage {
  const key = (name: string) => `/strongroom/pki/${name}`;
  return {
    load: async (name) => (await store.get(key(name)))?.value,
    async save(name, value) {
      await store.txn({ compares: [], thens: [{ type: "put", key: key(name), value }] });
    },
  };
}
