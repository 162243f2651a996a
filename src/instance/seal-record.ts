/**
 * A change of custody is made where no server is asked, so nobody puts it on record then. It leaves a note in the data directory, and the
 * next start puts that on record, durably, before it serves anything.
 */
import { readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { AuditSink } from "../audit/audit-event.ts";
import { errorCodeOf, replacePrivateFile } from "../crypto/private-file.ts";
import type { CustodyName } from "../crypto/root-key/root-key-custody.ts";
import { hostAdministratorName } from "./audited-issuance.ts";
import type { Instance } from "./instance.ts";

export interface SealNote {
  readonly from: CustodyName;
  readonly to: CustodyName;
  /** RFC 3339. */
  readonly changedAt: string;
}

function notePath(dataDir: string): string {
  return join(dataDir, "seal-changed.json");
}

/** Leaves a note for the next start, in the place of one that is there: what it says of before is kept. */
export async function noteSealChange(dataDir: string, note: SealNote): Promise<void> {
  const from = (await readNote(dataDir))?.from ?? note.from;
  await replacePrivateFile(notePath(dataDir), `${JSON.stringify({ ...note, from })}\n`);
}

/** Puts the note of a change on record, if there is one, and removes it. Raises `unavailable` when it cannot be put on record. */
export async function recordSealChange(
  dataDir: string,
  { id, custody }: Pick<Instance, "id" | "custody">,
  { audit, now, uuid }: { readonly audit: AuditSink; readonly now: () => Date; readonly uuid: () => string },
): Promise<void> {
  const note = await readNote(dataDir);
  if (note === undefined) return;
  const time = `${now().toISOString().slice(0, -1)}000Z`;
  await audit.write({
    auditID: uuid(),
    stage: "ResponseComplete",
    door: "start",
    verb: "update",
    requestURI: "/seal",
    user: { username: hostAdministratorName, groups: [] },
    sourceIPs: [],
    userAgent: "",
    objectRef: { apiGroup: "strongroom.dev", apiVersion: "v1alpha1", resource: "seals", name: id },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations: {
      "strongroom.dev/custody-before": String(note.from).slice(0, 100),
      "strongroom.dev/custody": custody,
      "strongroom.dev/custody-changed-at": String(note.changedAt).slice(0, 100),
    },
  });
  await unlink(notePath(dataDir));
}

/** What is not a note - it was cut off, somebody wrote it - is a change all the same, of which nothing more is known. */
async function readNote(dataDir: string): Promise<Partial<SealNote> | undefined> {
  let text: string;
  try {
    text = await readFile(notePath(dataDir), "utf8");
  } catch (error) {
    if (errorCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    return Object(JSON.parse(text)) as Partial<SealNote>;
  } catch {
    return {};
  }
}
