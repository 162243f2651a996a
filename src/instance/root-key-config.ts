/** Custody of the root key. */
export type RootKeyConfig =
  /** A key file outside the data directory; undefined path: the user's config home, named by the instance id. */
  | { readonly type: "file"; readonly path: string | undefined }
  /** The same, wrapped by the KMS v2 plugin at an endpoint, e.g. `unix:///run/kms.sock`. A file that is so is also read by `file`. */
  | { readonly type: "kms"; readonly path: string | undefined; readonly endpoint: string }
  /** A key file wrapped by a passphrase that is read from another file. */
  | { readonly type: "passphrase"; readonly path: string | undefined; readonly passphraseFile: string };
