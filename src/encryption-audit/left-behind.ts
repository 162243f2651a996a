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
    const keys = new LastBefore(bytes, prefix);
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) {
      const key = keys.position(at);
      if (key === undefined || at - key > keyBytesMax) continue; // no value of Kubernetes, or one within another
      const form = forms.of(bytes.subarray(at, at + formBytesMax));
      yield { resource: resourceAt(bytes, key + prefix.length, at), form: isNamed(form) ? form : unknownForm };
    }
  }
}

/** Where a text stands last before places that ascend: the bytes are passed over once, whatever is in them. */
class LastBefore {
  readonly #bytes: Buffer;
  readonly #text: Buffer;
  #last: number | undefined;
  #next: number;

  constructor(bytes: Buffer, text: Buffer) {
    this.#bytes = bytes;
    this.#text = text;
    this.#next = bytes.indexOf(text);
  }

  position(before: number): number | undefined {
    while (this.#next >= 0 && this.#next < before) {
      this.#last = this.#next;
      this.#next = this.#bytes.indexOf(this.#text, this.#next + 1);
    }
    return this.#last;
  }
}

/** Where the bytes of something else follow within the name of a key, that is no name. */
function isNamed({ key = "", keyId = "" }: StoredForm): boolean {
  return /^[!-~]{0,253}$/.test(key) && /^[ -~]*$/.test(keyId);
}

function resourceAt(bytes: Buffer, start: number, end: number): string {
  const path = bytes.toString("latin1", start, Math.min(end, start + keyBytesMax));
  const { resource } = parseRegistryKey(/^[a-z0-9.-]+\/(?:[a-z0-9.-]+\/)?/.exec(path)?.[0] ?? "");
  return resource === "" ? noResource : resource;
}
