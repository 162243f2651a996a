/** A bare node:https server that answers 1 KiB, with the TLS settings and the client certificates of ours. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { secureContextOptions } from "../../src/doors/http/tls-options.ts";
import { Certificates } from "../../src/instance/certificates.ts";
import { tell } from "./entry.ts";

const saved = new Map<string, Uint8Array>();
const certificates = await Certificates.open(
  { load: async (name) => saved.get(name), save: async (name, value) => void saved.set(name, value) },
  [],
);
const body = Buffer.alloc(1024, "x");
const server = createServer(
  {
    ...secureContextOptions(await certificates.tlsMaterial()),
    requestCert: true,
    rejectUnauthorized: false,
    noDelay: true,
  },
  (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length });
    response.end(body);
  },
);
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  tell({ url: `https://127.0.0.1:${port}` });
});
process.once("SIGTERM", () => process.exit(0));
