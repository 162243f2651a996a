/** Encryption at rest by itself; `node bench/crypto.ts` has all sizes. */
import { measureCrypto } from "../crypto.ts";
import type { Section } from "../report.ts";

const shownBytes = 1024;

export async function measureEncryption(quick: boolean): Promise<Section> {
  const rows = await measureCrypto(quick ? 0.1 : 0.3);
  return {
    name: "Encryption at rest, 1 KiB, one core",
    figures: rows
      .filter(({ sizeBytes }) => sizeBytes === shownBytes)
      .map(({ operation, microsecondsPerOperation, operationsPerSecond }) => ({
        name: operation,
        value: microsecondsPerOperation,
        unit: "us",
        detail: `${operationsPerSecond.toFixed(0)}/s`,
      })),
  };
}
