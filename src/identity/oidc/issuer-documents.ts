/** Documents of an issuer over HTTPS: small JSON, from where it was asked and from nowhere else. */
import { request } from "node:https";
import { StrongroomError } from "../../errors/strongroom-error.ts";

/** Longest document, and longest time it may take. */
const bytesMax = 1024 * 1024;
const msMax = 10_000;

/** Reads one. Raises `unavailable` for what cannot be had, or is none. Redirects are not followed. */
export type ReadDocument = (url: string, certificateAuthority: string | undefined) => Promise<unknown>;

export const readIssuerDocument: ReadDocument = async (url, certificateAuthority) => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(msMax);
  const options = { signal, headers: { Accept: "application/json" }, ca: certificateAuthority, agent: false };
  const asked = request(new URL(url), options, (answer) => {
    if (answer.statusCode !== 200) {
      answer.destroy();
      return reject(new Error(`the answer was ${answer.statusCode}`));
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) answer.destroy(new Error(`the document has more than ${bytesMax} bytes`));
      else chunks.push(chunk);
    });
    answer.on("error", reject);
    answer.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    return undefined;
  });
  asked.on("error", reject);
  asked.end();
  try {
    const document: unknown = JSON.parse(await promise);
    return document;
  } catch (cause) {
    throw new StrongroomError("unavailable", `the issuer's document ${url} must be readable`, { cause });
  }
};
