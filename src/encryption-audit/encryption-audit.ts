import { StrongroomError } from "../errors/strongroom-error.ts";
import type { ConfiguredForm, ConfiguredProviders } from "./configured-providers.ts";
import { findLeftBehind } from "./left-behind.ts";
import { parseRegistryKey } from "./registry-resource.ts";
import { isInTheClear, StoredForms } from "./stored-form.ts";
import type { StoredForm } from "./stored-form.ts";

/** How what an etcd holds is encrypted, per resource. The published shape of `strongroom encryption audit -o json`; no value is in it. */
export interface EncryptionReport {
  /** What the keys of Kubernetes begin with. */
  readonly prefix: string;
  /** The newest that was seen, deletions included. */
  readonly newestRevision: number;
  readonly objects: number;
  readonly resources: readonly ResourceReport[];
  /** Keys that do not begin with the prefix, by what they begin with. */
  readonly otherKeys: readonly { readonly prefix: string; readonly keys: number }[];
}

export interface ResourceReport {
  readonly resource: string;
  readonly objects: number;
  readonly bytes: number;
  readonly inTheClear: number;
  /** Objects that are not in the form that new ones are written in. */
  readonly stale: number;
  /** With a configuration: objects whose provider or key it does not have, so that an API server with it cannot read them. */
  readonly unreadable?: number;
  /** The form that new objects are written in: by the configuration, or else that of the newest write. */
  readonly writtenAs: StoredForm;
  /** Left out where history was not to be seen. */
  readonly superseded?: { readonly revisions: number; readonly inTheClear: number };
  /** Copies of values in free pages, at least so many. Left out as above. */
  readonly leftBehind?: { readonly copies: number; readonly inTheClear: number };
  readonly forms: readonly FormReport[];
}

/** What of a resource is in one form. */
export interface FormReport extends StoredForm {
  readonly objects: number;
  readonly bytes: number;
  /** Of its objects and superseded revisions; 0 when there is none of either. */
  readonly oldestRevision: number;
  readonly newestRevision: number;
  readonly stale: boolean;
  readonly unreadable?: boolean;
  /** Revisions that are in the file still, though their objects were written again or deleted. */
  readonly superseded?: { readonly revisions: number; readonly bytes: number };
  /** Copies of values in free pages, at least so many. */
  readonly leftBehind?: number;
  /** Of objects in the clear or stale, if names were asked for: the first ones. */
  readonly names?: readonly string[];
}

/** A key as it is or was, as whoever reads an etcd gives it. */
export interface AuditedRevision {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly modRevision: number;
  /** Whether nothing was done to the key after it. */
  readonly isCurrent: boolean;
  readonly isDeletion: boolean;
}

export interface EncryptionAuditOptions {
  /** As `--etcd-prefix` of a kube-apiserver has it: `/registry`. */
  readonly prefix: string;
  /** How many names to keep for each form of a resource. */
  readonly namesMax: number;
  /** Whether what is given has superseded revisions and free pages too: whoever reads an etcd that runs sees none, which is not that there are none. */
  readonly hasHistory: boolean;
  /** What new objects are written in, if it is known from elsewhere. */
  readonly configuration?: ConfiguredProviders | undefined;
}

/** More than any cluster has: what goes beyond was made to fill memory. */
const resourcesMax = 10_000;
const formsMax = 10_000;
const otherPrefixesMax = 100;

interface Tally {
  readonly form: StoredForm;
  objects: number;
  bytes: number;
  oldestRevision: number;
  newestRevision: number;
  readonly superseded: { revisions: number; bytes: number };
  leftBehind: number;
  readonly names: string[];
}

/** Takes the revisions of an etcd, one after the other, and says what they come to. Memory grows with resources and forms only. */
export class EncryptionAudit {
  readonly #prefix: string;
  readonly #namesMax: number;
  readonly #hasHistory: boolean;
  readonly #configuration: ConfiguredProviders | undefined;
  readonly #forms = new StoredForms();
  readonly #resources = new Map<string, Map<StoredForm, Tally>>();
  readonly #otherKeys = new Map<string, number>();
  #formCount = 0;
  #newestRevision = 0;

  constructor({ prefix, namesMax, hasHistory, configuration }: EncryptionAuditOptions) {
    this.#prefix = `${prefix.replace(/\/+$/, "")}/`;
    this.#namesMax = namesMax;
    this.#hasHistory = hasHistory;
    this.#configuration = configuration;
  }

  /** With the slash at its end. */
  get prefix(): string {
    return this.#prefix;
  }

  /** Raises `too-large` for more resources, or more names of keys, than a cluster can have. */
  add({ key, value, modRevision, isCurrent, isDeletion }: AuditedRevision): void {
    this.#newestRevision = Math.max(this.#newestRevision, modRevision);
    if (isDeletion) return;
    const path = key.toString("utf8");
    if (!path.startsWith(this.#prefix)) {
      if (isCurrent) this.#addOther(path);
      return;
    }
    const { resource, name } = parseRegistryKey(path.slice(this.#prefix.length));
    const tally = this.#tally(resource, this.#forms.of(value));
    tally.oldestRevision = Math.min(tally.oldestRevision, modRevision);
    tally.newestRevision = Math.max(tally.newestRevision, modRevision);
    if (isCurrent) {
      tally.objects += 1;
      tally.bytes += value.length;
      if (tally.names.length < this.#namesMax) tally.names.push(name);
    } else {
      tally.superseded.revisions += 1;
      tally.superseded.bytes += value.length;
    }
  }

  /** What free pages hold, piece by piece. Raises as {@link add}. */
  addFreeBytes(bytes: Buffer): void {
    for (const { resource, form } of findLeftBehind(bytes, Buffer.from(this.#prefix), this.#forms)) {
      this.#tally(resource, form).leftBehind += 1;
    }
  }

  report(): EncryptionReport {
    const resources = Array.from(this.#resources, ([resource, tallies]) => this.#resourceReport(resource, tallies));
    return {
      prefix: this.#prefix.slice(0, -1),
      newestRevision: this.#newestRevision,
      objects: resources.reduce((sum, { objects }) => sum + objects, 0),
      resources: resources.toSorted((a, b) => (a.resource < b.resource ? -1 : 1)),
      otherKeys: Array.from(this.#otherKeys, ([prefix, keys]) => ({ prefix, keys })),
    };
  }

  #tally(resource: string, form: StoredForm): Tally {
    let tallies = this.#resources.get(resource);
    if (tallies === undefined) {
      if (this.#resources.size === resourcesMax) throw tooMany(`${resourcesMax} resources`);
      this.#resources.set(resource, (tallies = new Map()));
    }
    let tally = tallies.get(form);
    if (tally === undefined) {
      if (this.#formCount++ === formsMax) throw tooMany(`${formsMax} keys that values are encrypted under`);
      const superseded = { revisions: 0, bytes: 0 };
      const revisions = { oldestRevision: Infinity, newestRevision: 0 };
      tally = { form, objects: 0, bytes: 0, ...revisions, superseded, leftBehind: 0, names: [] };
      tallies.set(form, tally);
    }
    return tally;
  }

  #addOther(path: string): void {
    const prefix = /^\/?[^/]*/.exec(path)?.[0] ?? "";
    const known = this.#otherKeys.has(prefix) || this.#otherKeys.size < otherPrefixesMax;
    const counted = known ? prefix : "others";
    this.#otherKeys.set(counted, (this.#otherKeys.get(counted) ?? 0) + 1);
  }

  #resourceReport(resource: string, tallies: ReadonlyMap<StoredForm, Tally>): ResourceReport {
    const newestFirst = Array.from(tallies.values()).toSorted((a, b) => b.newestRevision - a.newestRevision);
    const configured = this.#configuration?.of(resource);
    const writtenAs = writtenForm(newestFirst, configured?.[0]);
    const forms = newestFirst.map((tally) => this.#formReport(tally, writtenAs, configured));
    const sum = (of: (form: FormReport) => number) => forms.reduce((total, form) => total + of(form), 0);
    return {
      resource,
      objects: sum(({ objects }) => objects),
      bytes: sum(({ bytes }) => bytes),
      inTheClear: sum((form) => (isInTheClear(form) ? form.objects : 0)),
      stale: sum((form) => (form.stale ? form.objects : 0)),
      ...(configured && { unreadable: sum((form) => (form.unreadable === true ? form.objects : 0)) }),
      writtenAs,
      ...(this.#hasHistory && {
        superseded: {
          revisions: sum(supersededOf),
          inTheClear: sum((form) => (isInTheClear(form) ? supersededOf(form) : 0)),
        },
        leftBehind: {
          copies: sum(({ leftBehind = 0 }) => leftBehind),
          inTheClear: sum((form) => (isInTheClear(form) ? (form.leftBehind ?? 0) : 0)),
        },
      }),
      forms,
    };
  }

  #formReport(
    { form, names, superseded, leftBehind, oldestRevision, ...counts }: Tally,
    writtenAs: StoredForm,
    configured: readonly ConfiguredForm[] | undefined,
  ): FormReport {
    const stale = !isSameKey(form, writtenAs);
    const isNamed = this.#namesMax > 0 && (stale || isInTheClear(form)) && names.length > 0;
    return {
      ...form,
      ...counts,
      oldestRevision: counts.newestRevision === 0 ? 0 : oldestRevision,
      stale,
      ...(configured && { unreadable: !configured.some((each) => isOf(form, each)) }),
      ...(this.#hasHistory && { superseded, leftBehind }),
      ...(isNamed && { names: names.toSorted() }),
    };
  }
}

function supersededOf({ superseded }: FormReport): number {
  return superseded?.revisions ?? 0;
}

/** The newest one of what the configuration has written, since that has the plugin's key of now; or what it will write. */
function writtenForm(newestFirst: readonly Tally[], writer: ConfiguredForm | undefined): StoredForm {
  const newest = newestFirst.find(({ form }) => writer === undefined || isOf(form, writer));
  return newest?.form ?? writer ?? { provider: "unknown" };
}

/** In the clear, the encoding makes no difference. */
function isSameKey(a: StoredForm, b: StoredForm): boolean {
  return (isInTheClear(a) && isInTheClear(b)) || a === b;
}

function isOf(form: StoredForm, { provider, version, key }: ConfiguredForm): boolean {
  return form.provider === provider && form.version === version && form.key === key;
}

function tooMany(what: string): StrongroomError {
  return new StrongroomError("too-large", `what is stored must have at most ${what}`);
}
