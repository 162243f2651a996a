import { decodeKeyFileBytes } from "./key-file-format.ts";
import type { KeyFileForm } from "./key-file-custody.ts";
import { rootKeyBytes } from "./root-key.ts";

/** The root key as it is: whoever can read the file and the data directory can read everything. */
export const plainForm: KeyFileForm = {
  custody: "file",
  fieldNames: ["key"],
  seal: async (bytes) => new Map([["key", Buffer.from(bytes).toString("base64")]]),
  open: async (fields) => decodeKeyFileBytes(fields.get("key") ?? "", rootKeyBytes),
  remark: () => "",
};
