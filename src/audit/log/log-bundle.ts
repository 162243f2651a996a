/**
 * A log in one file, to be verified elsewhere: a line of JSON that says what is in it, then the bytes of the segments one after
 * the other, ciphertext as they are.
 */
import { open } from "node:fs/promises";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { openByteSource } from "./byte-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { SegmentFile } from "./log-directory.ts";
import type { SegmentToVerify } from "./verify-log.ts";

export interface BundleHeader {
  readonly apiVersion: "strongroom.dev/v1";
  readonly kind: "AuditBundle";
  readonly instance: string;
  /** What the checkpoints are signed with, as the host of the log says; whoever verifies should have it from elsewhere. */
  readonly publicKey: string;
  readonly createdAt: string;
  /** The last checkpoint that is in it. */
  readonly checkpoint: Checkpoint | undefined;
  readonly segments: readonly { readonly name: string; readonly first: number; readonly sizeBytes: number }[];
}

const copyBytes = 1024 * 1024;
const headerBytesMax = 16 * 1024 * 1024;

/** Writes a bundle of segments as long as they are now; replaces nothing. Raises `already-exists`, and what the file system says. */
export async function writeBundle(
  path: string,
  segments: readonly SegmentFile[],
  facts: Pick<BundleHeader, "instance" | "publicKey" | "createdAt" | "checkpoint">,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const target = await open(path, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") throw new StrongroomError("already-exists", `${path} must not exist yet`);
    throw error;
  });
  stack.defer(() => target.close());
  const sources = [];
  for (const segment of segments) {
    const { sizeBytes } = await openedSize(segment.path);
    sources.push({ ...segment, sizeBytes });
  }
  const listed = sources.map(({ name, first, sizeBytes }) => ({ name, first, sizeBytes }));
  const header: BundleHeader = { apiVersion: "strongroom.dev/v1", kind: "AuditBundle", ...facts, segments: listed };
  await target.appendFile(`${JSON.stringify(header)}\n`);
  for (const { path: from, sizeBytes } of sources) {
    await using source = await openByteSource(from, { offset: 0, sizeBytes });
    for (let offset = 0; offset < sizeBytes; offset += copyBytes) {
      await target.appendFile(await source.read(offset, copyBytes));
    }
  }
  await target.sync();
}

async function openedSize(path: string): Promise<{ sizeBytes: number }> {
  await using source = await openByteSource(path);
  return { sizeBytes: source.sizeBytes };
}

/** What is in a bundle. Raises `invalid` for what is none. */
export async function readBundle(
  path: string,
): Promise<{ header: BundleHeader; segments: readonly SegmentToVerify[] }> {
  await using source = await openByteSource(path);
  const { header, sizeBytes } = await readHeader(source);
  let offset = sizeBytes;
  const segments = header.segments.map((segment) => {
    const part = { offset, sizeBytes: segment.sizeBytes };
    offset += segment.sizeBytes;
    return { name: segment.name, first: segment.first, open: () => openByteSource(path, part) };
  });
  return { header, segments };
}

async function readHeader(
  source: Awaited<ReturnType<typeof openByteSource>>,
): Promise<{ header: BundleHeader; sizeBytes: number }> {
  for (let length = 64 * 1024; length <= headerBytesMax; length *= 4) {
    const start = await source.read(0, length);
    const end = start.indexOf(0x0a);
    if (end >= 0) return { header: parseHeader(start.toString("utf8", 0, end)), sizeBytes: end + 1 };
    if (start.length < length) break;
  }
  throw notABundle();
}

function parseHeader(text: string): BundleHeader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notABundle();
  }
  const header = Object(value) as Partial<BundleHeader>; // each field that is used is checked next
  const { apiVersion, kind, publicKey, segments } = header;
  const isWhole =
    apiVersion === "strongroom.dev/v1" &&
    kind === "AuditBundle" &&
    typeof publicKey === "string" &&
    Array.isArray(segments) &&
    segments.every(isListed);
  if (!isWhole) throw notABundle();
  return header as BundleHeader; // has every field that is used, as checked
}

function isListed(value: unknown): boolean {
  const { name, first, sizeBytes } = Object(value) as { name?: unknown; first?: unknown; sizeBytes?: unknown }; // checked next
  const numbers = [first, sizeBytes];
  return typeof name === "string" && numbers.every((number) => Number.isSafeInteger(number) && Number(number) >= 0);
}

function notABundle(): StrongroomError {
  return new StrongroomError("invalid", "the bundle must be a file that strongroom audit verify --export has written");
}
