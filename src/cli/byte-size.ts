const unitBytes: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["Ki", 1024],
  ["Mi", 1024 ** 2],
  ["Gi", 1024 ** 3],
  ["Ti", 1024 ** 4],
]);

/** How a number of bytes is written, for messages. */
export const byteSizeForm = "a number of bytes such as 1048576, 256Mi or 4Gi";

/** Bytes of a whole number with the unit Ki, Mi, Gi, Ti or none. Undefined for anything else and above 2^53. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d{1,16})(Ki|Mi|Gi|Ti)?$/.exec(text);
  const bytes = Number(match?.[1]) * (unitBytes.get(match?.[2] ?? "") ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The text in the largest unit that holds it whole. */
export function formatByteSize(bytes: number): string {
  const [unit, factor] = Array.from(unitBytes).findLast(([, size]) => bytes >= size && bytes % size === 0) ?? ["", 1];
  return `${bytes / factor}${unit}`;
}
