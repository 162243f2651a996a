/** The providers of EncryptionConfiguration that encrypt with keys of the file. */
export const keyProviders = ["aescbc", "aesgcm", "secretbox"] as const;
export type KeyProvider = (typeof keyProviders)[number];

/** Every stored form begins so, except that of the provider that does not encrypt. */
export const encryptedPrefix = "k8s:enc:";

/** What a record of a provider and key begins with: `k8s:enc:aescbc:v1:<key>:`. */
export function keyPrefix(provider: KeyProvider, keyName: string): Buffer {
  return Buffer.from(`${encryptedPrefix}${provider}:v1:${keyName}:`);
}
