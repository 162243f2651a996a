import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { archiveMembers } from "./archive-members.ts";
import { readFiles } from "./file-source.ts";

const folder = mkdtempSync(join(tmpdir(), "sr-"));
after(() => rmSync(folder, { recursive: true }));

const role = (name: string) =>
  `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"${name}","namespace":"a"},"rules":[]}`;

let files = 0;
function write(ending: string, bytes: Uint8Array): string {
  const path = join(folder, `${files++}${ending}`);
  writeFileSync(path, bytes);
  return path;
}

type Entries = Parameters<typeof packTar>[0];
const tar = async (entries: Entries) => Buffer.from(await packTar(entries));
const file = (name: string, body: string) => ({ header: { name, size: Buffer.byteLength(body) }, body });

interface ZipFile {
  readonly name: string;
  readonly content: Buffer;
  /** What is said of its size, if it is another. */
  readonly size?: number;
  /** The Unix mode. */
  readonly mode?: number;
}

/** A zip archive, also such as no program would make. */
function zip(entries: readonly ZipFile[]): Buffer {
  const [parts, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, content, size = content.length, mode = 0o100644 } of entries) {
    const packed = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((mode << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x03", "latin1"), common, rest, Buffer.from(name));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

const names = async (path: string) => {
  const facts = await readFiles("dump", path);
  return [
    facts.of("Role").map(({ name }) => name),
    facts.coverage.problems.map(({ message, at }) => `${at.file}: ${message}`),
  ];
};

test("Archives of each form are read as a folder is", async () => {
  const packed = await tar([
    { header: { name: "d/", size: 0, type: "directory" } },
    file("d/one.json", role("one")),
    file("d/notes.txt", "{"),
    file("d/.git/x.json", role("no")),
    file("d/two.yaml", role("two")),
  ]);
  const expected = [["one", "two"], []];
  assert.deepEqual(await names(write(".tar", packed)), expected);
  assert.deepEqual(await names(write(".tar.gz", gzipSync(packed))), expected);
  assert.deepEqual(await names(write(".tgz", gzipSync(packed))), expected);
  const zipped = zip([
    { name: "d/", content: Buffer.alloc(0), mode: 0o040755 },
    { name: "d/one.json", content: Buffer.from(role("one")) },
    { name: "d/notes.txt", content: Buffer.from("{") },
    { name: "d/two.yaml", content: Buffer.from(role("two")) },
  ]);
  assert.deepEqual(await names(write(".zip", zipped)), expected);
});

test("Names that lead out of the archive, links and devices are reported and not read", async () => {
  const packed = await tar([
    file("../up.json", role("up")),
    file("/etc/abs.json", role("abs")),
    file("a/../../b.json", role("deep")),
    { header: { name: "link.json", size: 0, type: "symlink", linkname: "/etc/passwd" } },
    { header: { name: "hard.json", size: 0, type: "link", linkname: "one.json" } },
    { header: { name: "device.yaml", size: 0, type: "character-device" } },
    file("one.json", role("one")),
  ]);
  const [read, problems] = await names(write(".tar", packed));
  assert.deepEqual(read, ["one"]);
  assert.deepEqual(problems?.map((text) => text.replace(/: .*?(leads out|not followed).*/, " $1")).sort(), [
    "../up.json leads out",
    "/etc/abs.json leads out",
    "a/../../b.json leads out",
    "device.yaml not followed",
    "hard.json not followed",
    "link.json not followed",
  ]);
  const link = zip([{ name: "link.json", content: Buffer.from("/etc/passwd"), mode: 0o120777 }]);
  assert.match(String(await names(write(".zip", link))), /links and special files are not followed/);
  const up = zip([{ name: "../up.json", content: Buffer.from(role("up")) }]);
  await assert.rejects(readFiles("dump", write(".zip", up)), /must be a whole archive: invalid relative path/);
});

test("A part of an archive is not taken for all of it", async () => {
  const packed = await tar([file("one.json", role("one")), file("two.json", role("two"))]);
  const zipped = zip([{ name: "one.json", content: Buffer.from(role("one")) }]);
  const broken: [string, Buffer][] = [
    [".tar", packed.subarray(0, 900)],
    [".tar", packed.subarray(0, 1024 + 300)],
    [".tar.gz", gzipSync(packed).subarray(0, 120)],
    [".tar.gz", Buffer.concat([gzipSync(packed).subarray(0, 60), Buffer.alloc(200, 7)])],
    [".tar", Buffer.from("not an archive".repeat(100))],
    [".tar.gz", gzipSync(Buffer.from("not an archive".repeat(100)))],
    [".zip", zipped.subarray(0, -4)],
    [".zip", Buffer.from("not an archive".repeat(100))],
    [".zip", Buffer.alloc(0)],
  ];
  for (const [ending, bytes] of broken) {
    await assert.rejects(readFiles("dump", write(ending, bytes)), (error) => {
      assert.ok(isStrongroomError(error, "invalid"), `${ending}: ${String(error)}`);
      return true;
    });
  }
});

async function unpack(
  path: string,
  bounds: { members: number; bytes: number },
  bytesMax: number,
): Promise<(number | undefined)[]> {
  const sizes: (number | undefined)[] = [];
  for await (const member of archiveMembers(path, bounds)) sizes.push((await member.read(bytesMax))?.length);
  return sizes;
}

test("Bombs end where the bounds are: of members, of all bytes, of one member", async () => {
  const bounds = { members: 10, bytes: 4 * 1024 * 1024 };
  const large = "0".repeat(3 * 1024 * 1024);
  const many = await tar(Array.from({ length: 11 }, (_each, number) => file(`${number}.json`, "")));
  await assert.rejects(unpack(write(".tar.gz", gzipSync(many)), bounds, 10), /must hold at most 10 members/);
  const heavy = gzipSync(await tar([file("a.json", large), file("b.json", large)]));
  assert.ok(heavy.length < 20_000);
  await assert.rejects(unpack(write(".tar.gz", heavy), bounds, 1000), /must unpack to at most 4194304 bytes/);
  const one = gzipSync(await tar([file("a.json", large), file("b.json", "ok")]));
  assert.deepEqual(await unpack(write(".tar.gz", one), bounds, 1000), [undefined, 2]);
  const zipped = zip([
    { name: "a.json", content: Buffer.from(large) },
    { name: "b.json", content: Buffer.from(large) },
  ]);
  assert.deepEqual(await unpack(write(".zip", zipped), bounds, 1000), [undefined, undefined]);
  await assert.rejects(unpack(write(".zip", zipped), bounds, 10_000_000), /must unpack to at most/);
  const liar = zip([{ name: "a.json", content: Buffer.from(large), size: 100 }]);
  await assert.rejects(unpack(write(".zip", liar), bounds, 1000), /must be a whole archive/);
});
