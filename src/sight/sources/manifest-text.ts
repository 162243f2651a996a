/** The bytes of a manifest as text: UTF-8, or UTF-16 where its mark says so, as PowerShell writes what is redirected to a file. */
export function manifestText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}
