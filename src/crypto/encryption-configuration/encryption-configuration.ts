/**
 * EncryptionConfiguration of `apiserver.config.k8s.io/v1`: which resources are encrypted by which providers, in the words of
 * upstream's file.
 *
 * Source: kubernetes/apiserver pkg/apis/apiserver/v1/types_encryption.go.
 */
import type { Redacted } from "../redacted.ts";

export const encryptionConfigurationType = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "EncryptionConfiguration",
} as const;

export interface EncryptionConfiguration {
  readonly resources: readonly ResourceConfiguration[];
}

export interface ResourceConfiguration {
  /** `secrets`, `deployments.apps`, `*.` (the core group), `*.apps`, `*.*`. */
  readonly resources: readonly string[];
  /** The first writes, all read. */
  readonly providers: readonly ProviderConfiguration[];
}

/** One of its members, in a file that is valid. */
export interface ProviderConfiguration {
  readonly aescbc?: KeysConfiguration | undefined;
  readonly aesgcm?: KeysConfiguration | undefined;
  readonly secretbox?: KeysConfiguration | undefined;
  readonly kms?: KmsConfiguration | undefined;
  readonly identity?: object | undefined;
}

export interface KeysConfiguration {
  readonly keys: readonly NamedKey[];
}

export interface NamedKey {
  readonly name: string;
  /** Standard base64 with padding. */
  readonly secret: Redacted<string>;
}

export interface KmsConfiguration {
  readonly apiVersion: string;
  readonly name: string;
  readonly endpoint: string;
  /** How long a call may take. */
  readonly timeoutMs: number;
  readonly cacheSize: number | undefined;
}
