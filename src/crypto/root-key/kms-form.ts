import { StrongroomError } from "../../errors/strongroom-error.ts";
import { equalSecrets } from "../constant-time.ts";
import type { WrappedSeed } from "../kms-v2/key-management-service.ts";
import type { KmsPlugin } from "../kms/kms-plugin-client.ts";
import { decodeAnnotations, encodeAnnotations, EncryptResponse } from "../kms/messages.ts";
import type { KeyFileForm } from "./key-file-custody.ts";
import { rootKeyBytes } from "./root-key.ts";

/** The most that a plugin may say beside the key, so that all fits into a key file: KMS v2 allows 32 KiB of notes. */
const wrappedBytesMax = 8 * 1024;

/** Opens the connection to the plugin of an endpoint (`unix:///run/kms.sock`). */
export type OpenKmsPlugin = (endpoint: string) => KmsPlugin & Disposable;

/**
 * The root key, encrypted by a KMS v2 plugin: the file and the data directory together are useless without the plugin. The file names
 * the plugin's endpoint; `endpoint` is for new files, and wins over what a file names.
 *
 * What the plugin answers is not trusted: what it encrypted is decrypted once before anything depends on it (see KeyFileCustody.take), and
 * a wrong key is told by its id.
 */
export function kmsForm(openPlugin: OpenKmsPlugin, endpoint?: string): KeyFileForm {
  return {
    custody: "kms",
    fieldNames: ["kms-endpoint", "kms-wrapped-key"],
    async seal(bytes) {
      if (endpoint === undefined) throw new TypeError("a root key is wrapped by the plugin of an endpoint");
      using plugin = openPlugin(endpoint);
      const { keyId } = await healthyStatus(plugin);
      const wrapped = await plugin.encrypt(bytes);
      if (wrapped.keyId !== keyId) throw refused("encrypt under the key of its status");
      if (equalSecrets(wrapped.ciphertext, bytes)) throw refused("encrypt what it is given");
      return new Map([
        ["kms-endpoint", endpoint],
        ["kms-wrapped-key", encodeWrapped(wrapped)],
      ]);
    },
    async open(fields) {
      const wrapped = decodeWrapped(fields.get("kms-wrapped-key") ?? "");
      using plugin = openPlugin(endpoint ?? fields.get("kms-endpoint") ?? "");
      const bytes = Buffer.from(await plugin.decrypt(wrapped));
      if (bytes.length === rootKeyBytes) return bytes;
      bytes.fill(0);
      throw refused(`give back the ${rootKeyBytes} bytes of the root key`);
    },
    remark: (fields) => ` (wrapped by the KMS plugin at ${endpoint ?? fields.get("kms-endpoint")})`,
  };
}

async function healthyStatus(plugin: KmsPlugin) {
  const status = await plugin.status();
  if (status.version.startsWith("v2") && status.healthz === "ok") return status;
  throw refused("say that it is well, in version v2");
}

function encodeWrapped({ keyId, ciphertext, annotations }: WrappedSeed): string {
  const bytes = EncryptResponse.encode({ keyId, ciphertext, annotations: encodeAnnotations(annotations) });
  if (bytes.length <= wrappedBytesMax) return Buffer.from(bytes).toString("base64");
  throw refused(`answer in at most ${wrappedBytesMax} bytes`);
}

function decodeWrapped(value: string): WrappedSeed {
  const bytes = Buffer.from(value, "base64");
  if (bytes.toString("base64") !== value)
    throw new StrongroomError("sealed", "the root key file must hold canonical base64; restore it from your copy");
  const { keyId, ciphertext, annotations } = EncryptResponse.decode(bytes);
  return { keyId, ciphertext, annotations: decodeAnnotations(annotations) };
}

function refused(must: string): StrongroomError {
  return new StrongroomError("unavailable", `the KMS plugin must ${must}`);
}
