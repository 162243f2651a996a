/** Lines on standard output, for `--audit-log-path -`. */
import type { Writable } from "node:stream";
import type { Destination, OutgoingRecord } from "./destination.ts";

export function outputStream(stream: Writable): Destination {
  return {
    async deliver(records: readonly OutgoingRecord[]) {
      const text = records.map((record) => `${record.text}\n`).join("");
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      stream.write(text, (error) => (error ? reject(error) : resolve()));
      await promise;
    },
    close: async () => {},
  };
}
