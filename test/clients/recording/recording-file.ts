/** The recording of all versions of a client: by command, each form once with the versions that share it. */
import { existsSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Exchange } from "./exchange.ts";

/** What one version asked, command by command. */
export type Session = { readonly title: string; readonly exchanges: readonly Exchange[] }[];

interface Form {
  readonly versions: string[];
  readonly exchanges: readonly Exchange[];
}

export interface Recording {
  /** In the order in which the commands ran. */
  readonly commands: { readonly title: string; readonly forms: Form[] }[];
}

export function readRecording(file: URL): Recording {
  return JSON.parse(readFileSync(file, "utf8")) as Recording; // written by formatRecording
}

/** A recording with new sessions beside, and in place of, those of the file: versions that are not at hand stay. */
export function renewed(file: URL, sessions: ReadonlyMap<string, Session>): Recording {
  const all = new Map<string, Session>();
  if (existsSync(file)) {
    const before = readRecording(file);
    for (const version of recordedVersions(before)) all.set(version, sessionOf(before, version));
  }
  for (const [version, session] of sessions) all.set(version, session);
  const recording: Recording = { commands: [] };
  for (const version of [...all.keys()].toSorted(byNumber)) addSession(recording, version, all.get(version) ?? []);
  return recording;
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** The file's text: an exchange is a line, so that a difference shows as one. */
export function formatRecording({ commands }: Recording): string {
  const lines = commands.flatMap(({ title, forms }) => [
    `{"title":${JSON.stringify(title)},"forms":[`,
    forms
      .map(
        ({ versions, exchanges }) =>
          `{"versions":${JSON.stringify(versions)},"exchanges":[\n${exchanges.map((one) => JSON.stringify(one)).join(",\n")}\n]}`,
      )
      .join(",\n"),
    "]},",
  ]);
  return `{"commands":[\n${lines.join("\n").slice(0, -1)}\n]}\n`;
}

/** Adds a version; forms that are equal are kept once. */
function addSession(recording: Recording, version: string, session: Session): void {
  let after = -1;
  for (const { title, exchanges } of session) {
    let index = recording.commands.findIndex((command, at) => at > after && command.title === title);
    if (index < 0) recording.commands.splice((index = after + 1), 0, { title, forms: [] });
    const forms = recording.commands[index]?.forms ?? [];
    const same = forms.find((form) => isDeepStrictEqual(form.exchanges, exchanges));
    if (same === undefined) forms.push({ versions: [version], exchanges });
    else same.versions.push(version);
    after = index;
  }
}

export function recordedVersions({ commands }: Recording): string[] {
  const versions = new Set(commands.flatMap(({ forms }) => forms.flatMap((form) => form.versions)));
  return [...versions].toSorted(byNumber);
}

/** What one version asked, command by command. */
export function sessionOf({ commands }: Recording, version: string): Session {
  return commands.flatMap(({ title, forms }) => {
    const form = forms.find(({ versions }) => versions.includes(version));
    return form === undefined ? [] : [{ title, exchanges: form.exchanges }];
  });
}
