/** Custody of the root key. */
export type RootKeyConfig =
  /** A key file outside the data directory; undefined path: the user's config home, named by the instance id. */
  | { readonly type: "file"; readonly path: string | undefined }
  /** A key file wrapped by a passphrase that is read from another file. */
  | { readonly type: "passphrase"; readonly path: string | undefined; readonly passphraseFile: string };
