/**
 * Reading the snapshot of another cluster's etcd: a file of secrets of 1 KiB, each written three times, under two keys and in the clear; a tenth of its pages are free. Beside it,
 * what the hash of the same file takes, which is a part of it.
 */
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EncryptionAudit } from "../../src/encryption-audit/encryption-audit.ts";
import { EtcdSnapshot } from "../../src/etcd-snapshot/etcd-snapshot.ts";
import { usualShape, writeBolt } from "../../test/support/bolt-writer.ts";
import type { WrittenRevision } from "../../test/support/bolt-writer.ts";
import type { Section } from "../report.ts";

const valueBytes = 1024;
const pieceBytes = 1 << 20;

export async function measureEtcdSnapshot(quick: boolean): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-bench-snapshot-"));
  try {
    const path = join(folder, "etcd.db");
    writeSnapshot(path, quick ? 60_000 : 1_560_000);
    return measure(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(path: string): Section {
  const mebibytes = statSync(path).size / 2 ** 20;
  const hashed = performance.now();
  hashOf(path, statSync(path).size);
  const hashSeconds = (performance.now() - hashed) / 1000;
  const before = process.memoryUsage.rss();
  const started = performance.now();
  const audit = new EncryptionAudit({ prefix: "/registry", namesMax: 0, hasHistory: true });
  let [revisions, most] = [0, before];
  using snapshot = EtcdSnapshot.open(path);
  for (const revision of snapshot.revisions()) {
    audit.add(revision);
    if (revisions++ % 10_000 === 0) most = Math.max(most, process.memoryUsage.rss());
  }
  for (const bytes of snapshot.freeBytes()) audit.addFreeBytes(bytes);
  const seconds = (performance.now() - started) / 1000;
  const { objects } = audit.report();
  const detail = `${Math.round(mebibytes)} MiB, ${objects} objects, ${seconds.toFixed(1)} s; its hash alone ${hashSeconds.toFixed(1)} s`;
  return {
    name: "Snapshot of another cluster's etcd, file cache warm",
    figures: [
      { name: "encryption audit of a snapshot", value: mebibytes / seconds, unit: "MiB/s", detail },
      { name: "the same", value: revisions / seconds, unit: "revisions/s" },
      {
        name: "memory that it takes",
        value: (most - before) / 2 ** 20,
        unit: "MiB",
        goal: { relation: "<", value: 100 },
      },
    ],
  };
}

function writeSnapshot(path: string, revisions: number): void {
  const file = openSync(path, "w");
  const sink = (bytes: Buffer, position: number) => void writeSync(file, bytes, 0, bytes.length, position);
  const sizeBytes = writeBolt(made(revisions), sink, { ...usualShape, freePages: revisions / 30 });
  closeSync(file);
  const hash = hashOf(path, sizeBytes);
  const end = openSync(path, "r+");
  writeSync(end, hash, 0, hash.length, sizeBytes);
  closeSync(end);
}

function* made(revisions: number): Generator<WrittenRevision> {
  const forms = ["k8s\0", "k8s:enc:aescbc:v1:key1:", "k8s:enc:aescbc:v1:key2:"].map((start) => {
    const value = Buffer.alloc(valueBytes, 0x41);
    value.write(start);
    return value;
  });
  const keys = revisions / forms.length;
  for (let main = 1; main <= revisions; main++) {
    const index = main % keys;
    const key = Buffer.from(`/registry/secrets/namespace-${index % 50}/application-${index}-credentials`);
    yield { main, key, value: forms[Math.floor((main - 1) / keys)] };
  }
}

function hashOf(path: string, sizeBytes: number): Buffer {
  const hash = createHash("sha256");
  const file = openSync(path, "r");
  const piece = Buffer.alloc(pieceBytes);
  for (let position = 0; position < sizeBytes;) {
    const count = readSync(file, piece, 0, Math.min(pieceBytes, sizeBytes - position), position);
    hash.update(piece.subarray(0, count));
    position += count;
  }
  closeSync(file);
  return hash.digest();
}
