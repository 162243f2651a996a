import { parseRegistryKey } from "./registry-resource.ts";
import { unknownForm } from "./stored-form.ts";
import type { StoredForm, StoredForms } from "./stored-form.ts";

/** A copy of a value, or its beginning, in bytes that are no page any more. */
export interface LeftBehind {
  readonly resource: string;
  readonly form: StoredForm;
}

/** What values begin with that can be told from anything else: protobuf in the clear, and every ciphertext. JSON cannot. */
const marks = [Buffer.from("k8s\0\n"), Buffer.from("k8s:enc:")] as const;
/** A key is at most so long before its value: names of Kubernetes are 253 characters at most. */
const keyBytesMax = 1024;
/** How much of a value it takes to know its form, ciphertext of KMS v2 included. */
const formBytesMax = 2 * 1024 * 1024;
const noResource = "unknown";

/**
 * The copies in a piece of free bytes. A value follows its key there as it did in its page, so the key before it, if it begins with the
 * prefix, says of which resource it is. What is cut by the borders of the piece is passed over: at least so many are there.
 */
export function* findLeftBehind(bytes: Buffer, prefix: Buffer, forms: StoredForms): Generator<LeftBehind> {
  for (const mark of marks) {
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) {
      const resource = resourceBefore(bytes, at, prefix);
      if (resource === undefined) continue;
      const form = forms.of(bytes.subarray(at, at + formBytesMax));
      yield { resource, form: isNamed(form) ? form : unknownForm };
    }
  }
}

/** Where the bytes of something else follow within the name of a key, that is no name. */
function isNamed({ key = "", keyId = "" }: StoredForm): boolean {
  return /^[!-~]{0,253}$/.test(key) && /^[ -~]*$/.test(keyId);
}

/** Undefined when there is no key before it, so that it is no value of Kubernetes, or one within another. */
function resourceBefore(bytes: Buffer, at: number, prefix: Buffer): string | undefined {
  const before = bytes.subarray(Math.max(0, at - keyBytesMax), at);
  const start = before.lastIndexOf(prefix);
  if (start < 0) return undefined;
  const path = before.toString("latin1", start + prefix.length);
  const { resource } = parseRegistryKey(/^[a-z0-9.-]+\/(?:[a-z0-9.-]+\/)?/.exec(path)?.[0] ?? "");
  return resource === "" ? noResource : resource;
}
