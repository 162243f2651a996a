import { StrongroomError } from "../../errors/strongroom-error.ts";
import { createPrivateFile, replacePrivateFile } from "../private-file.ts";
import { decodeKeyFile, encodeKeyFile, keyFileFieldNames } from "./key-file-format.ts";
import type { KeyFileFields } from "./key-file-format.ts";
import { readKeyFile } from "./key-file.ts";
import { checkInstanceId } from "./root-key-custody.ts";
import type { CustodyFacts, CustodyName, RootKeyCustody } from "./root-key-custody.ts";
import { generateRootKeyBytes, RootKey } from "./root-key.ts";

/** How a root key stands in a key file. */
export interface KeyFileForm {
  readonly custody: CustodyName;
  /** Its fields behind those of every form, `instance` and `key-id`. The last one holds the key and belongs to this form alone. */
  readonly fieldNames: readonly string[];
  /** The fields of a key. `owner` are those of every form. */
  seal(bytes: Uint8Array, owner: KeyFileFields): Promise<KeyFileFields>;
  /** The bytes of the key, which the caller zeroes. Raises `sealed`, and `unavailable` when who must open it is away. */
  open(fields: KeyFileFields): Promise<Buffer>;
  /** What is said of the place behind the path, e.g. ` (with a passphrase)`; `fields` of a file that is there. */
  remark(fields: KeyFileFields): string;
}

/** What to do about a file of a form that was not expected, by the field that tells it. */
const otherForms: Readonly<Record<string, string>> = {
  key: "the root key file has no passphrase and no KMS plugin; none must be configured for it",
  "wrapped-key": "the root key file is protected by a passphrase, which must be given",
  "kms-wrapped-key": "the root key file is wrapped by a KMS plugin; no passphrase must be configured for it",
};

/** Keeps the root key in a file of mode 0600, in one of several forms. */
export class KeyFileCustody implements RootKeyCustody {
  readonly #pathOf: (instanceId: string) => string;
  readonly #writes: KeyFileForm;
  readonly #reads: readonly KeyFileForm[];

  /** `pathOf` gives the file of an instance. New files have the form `writes`; that and `alsoReads` are read. */
  constructor(pathOf: (instanceId: string) => string, writes: KeyFileForm, alsoReads: readonly KeyFileForm[] = []) {
    this.#pathOf = pathOf;
    this.#writes = writes;
    this.#reads = [writes, ...alsoReads];
  }

  async inspect(instanceId: string): Promise<CustodyFacts> {
    const { form, fields } = await this.#read(instanceId);
    return { custody: form.custody, place: `${this.#pathOf(instanceId)}${form.remark(fields)}` };
  }

  async load(instanceId: string): Promise<RootKey> {
    return new RootKey(await this.release(instanceId)); // zeroes the bytes
  }

  async create(instanceId: string): Promise<RootKey> {
    const bytes = generateRootKeyBytes();
    await this.take(instanceId, bytes, { replacing: false });
    return new RootKey(bytes); // zeroes the bytes
  }

  async release(instanceId: string): Promise<Buffer> {
    const { form, fields } = await this.#read(instanceId);
    return await openFields(form, fields, instanceId);
  }

  async take(instanceId: string, bytes: Uint8Array, { replacing }: { readonly replacing: boolean }): Promise<void> {
    checkInstanceId(instanceId);
    const { id } = new RootKey(Uint8Array.from(bytes)); // zeroes the copy
    const owner = new Map([
      ["instance", instanceId],
      ["key-id", id],
    ]);
    const text = encodeKeyFile(new Map([...owner, ...(await this.#writes.seal(bytes, owner))]));
    const back = await openFields(this.#writes, decodeFields(text, this.#writes), instanceId);
    back.fill(0);
    await (replacing ? replacePrivateFile : createPrivateFile)(this.#pathOf(instanceId), text);
  }

  async #read(instanceId: string): Promise<{ readonly form: KeyFileForm; readonly fields: KeyFileFields }> {
    checkInstanceId(instanceId);
    const text = await readKeyFile(this.#pathOf(instanceId));
    const names = keyFileFieldNames(text);
    const form = this.#reads.find(({ fieldNames }) => names.includes(fieldNames.at(-1) ?? ""));
    const other = names.map((name) => otherForms[name]).find((advice) => advice !== undefined);
    if (form === undefined && other !== undefined) throw new StrongroomError("sealed", other);
    const read = form ?? this.#writes;
    return { form: read, fields: decodeFields(text, read) };
  }
}

function decodeFields(text: string, { fieldNames }: KeyFileForm): KeyFileFields {
  return decodeKeyFile(text, ["instance", "key-id", ...fieldNames]);
}

/** Raises `sealed` unless the file says that it is of this instance and its key has the id it names. */
async function openFields(form: KeyFileForm, fields: KeyFileFields, instanceId: string): Promise<Buffer> {
  const bytes = await form.open(fields);
  const owner = fields.get("instance");
  if (owner !== instanceId) {
    bytes.fill(0);
    throw new StrongroomError(
      "sealed",
      `the root key file must be the one of instance ${instanceId}, it is of ${owner}`,
    );
  }
  new RootKey(Uint8Array.from(bytes)).verify(fields.get("key-id") ?? ""); // zeroes the copy
  return bytes;
}
