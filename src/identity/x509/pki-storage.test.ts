import assert from "node:assert/strict";
import { test } from "node:test";

import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { loadOrCreateAuthority, loadOrIssueServerCertificate } from "./pki-storage.ts";
import type { PkiStorage } from "./pki-storage.ts";

const nowMs = Date.UTC(2026, 0, 15);
const dayMs = 86_400_000;

class MemoryPkiStorage implements PkiStorage {
  readonly entries = new Map<string, Uint8Array>();
  saves = 0;

  async load(name: string): Promise<Uint8Array | undefined> {
    return await Promise.resolve(this.entries.get(name));
  }

  async save(name: string, bytes: Uint8Array): Promise<void> {
    this.saves++;
    this.entries.set(name, Uint8Array.from(bytes));
    await Promise.resolve();
  }
}

test("loadOrCreateAuthority makes an authority once and finds it again", async () => {
  const storage = new MemoryPkiStorage();
  const made = await loadOrCreateAuthority(storage, nowMs);
  const found = await loadOrCreateAuthority(storage, nowMs + dayMs);
  assert.equal(found.certPem, made.certPem);
  assert.equal(storage.saves, 1);
});

test("loadOrCreateAuthority raises corrupt, quoting nothing, rather than replace a damaged authority", async () => {
  for (const damaged of [
    "",
    "{}",
    '{"version":1,"certPem":"x","keyPem":"canary"}',
    '{"version":2}',
    '{"keyPem":"canary',
  ]) {
    const storage = new MemoryPkiStorage();
    storage.entries.set("authority", Buffer.from(damaged));
    await assert.rejects(
      async () => await loadOrCreateAuthority(storage, nowMs),
      (error) => {
        assert.ok(isStrongroomError(error, "corrupt"));
        assert.ok(!`${error.stack} ${String(error.cause)}`.includes("canary"));
        return true;
      },
    );
    assert.equal(storage.saves, 0);
  }
});

test("loadOrIssueServerCertificate keeps its certificate until names, authority or two thirds of its life change", async () => {
  const storage = new MemoryPkiStorage();
  const authority = await loadOrCreateAuthority(storage, nowMs);
  const names = ["vault.example.com", "2001:db8::1", "*.example.org"];
  const first = await loadOrIssueServerCertificate(storage, authority, names, nowMs);
  const same = [nowMs, nowMs + 59 * dayMs];
  for (const at of same) {
    assert.equal(
      (await loadOrIssueServerCertificate(storage, authority, names.toReversed(), at)).certPem,
      first.certPem,
    );
  }
  assert.equal(first.notAfterMs, nowMs + 90 * dayMs);
  const renewed = await loadOrIssueServerCertificate(storage, authority, names, nowMs + 60 * dayMs);
  assert.notEqual(renewed.certPem, first.certPem);
  const fewer = await loadOrIssueServerCertificate(storage, authority, names.slice(1), nowMs + 60 * dayMs);
  assert.notEqual(fewer.certPem, renewed.certPem);
  const more = await loadOrIssueServerCertificate(storage, authority, [...names, "b.example"], nowMs + 60 * dayMs);
  assert.notEqual(more.certPem, fewer.certPem);
  const stranger = await loadOrCreateAuthority(new MemoryPkiStorage(), nowMs);
  const others = await loadOrIssueServerCertificate(storage, stranger, [...names, "b.example"], nowMs + 60 * dayMs);
  assert.notEqual(others.certPem, more.certPem);
});
