/** Stands between an API server and the etcd door, and keeps what they say to each other, message by message. */
import { once } from "node:events";
import { connect, createSecureServer } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ClientCredentials } from "../running-server.ts";
import type { KeyPair } from "../support/certificates.ts";

/** One message; `call` counts calls in the order in which they began. */
export interface Said {
  readonly call: number;
  readonly path: string;
  readonly from: "client" | "server";
  /** Base64. */
  readonly message: string;
}

export interface RecordingDoor extends AsyncDisposable {
  readonly url: string;
  readonly said: readonly Said[];
}

/** Shows `server` to clients and `credentials` to the door. */
export async function recordDoor(
  doorUrl: string,
  credentials: ClientCredentials,
  server: KeyPair,
): Promise<RecordingDoor> {
  const said: Said[] = [];
  const sessions = new Set<ServerHttp2Session | ClientHttp2Session>();
  let calls = 0;
  const front = createSecureServer({ cert: server.certPem, key: server.keyPem });
  front.on("session", (session) => {
    const { ca, cert = "", key = "" } = credentials;
    const door = connect(doorUrl, { ca, cert, key });
    for (const each of [session, door]) sessions.add(each);
    for (const each of [session, door]) each.on("error", () => {}); // its streams say so too
    session.on("close", () => door.destroy());
    session.on("stream", (stream, headers) => relay(stream, headers, { door, call: calls++, said }));
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  return {
    url: `https://127.0.0.1:${(front.address() as AddressInfo).port}`, // it listens on a port
    said,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      front.close();
      await once(front, "close");
    },
  };
}

function relay(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { door, call, said }: { readonly door: ClientHttp2Session; readonly call: number; readonly said: Said[] },
): void {
  const path = String(headers[":path"]);
  const { ":method": method, ":path": asked, "content-type": type } = headers;
  const onward = door.request({ ":method": method, ":path": asked, "content-type": type, te: "trailers" });
  const keep = (from: Said["from"]) => {
    let pending = Buffer.alloc(0);
    return (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32BE(1)) {
        const end = 5 + pending.readUInt32BE(1);
        said.push({ call, path, from, message: pending.toString("base64", 5, end) });
        pending = pending.subarray(end);
      }
    };
  };
  stream.on("data", keep("client"));
  onward.on("data", keep("server"));
  stream.pipe(onward);
  let trailers: IncomingHttpHeaders = {};
  onward.on("trailers", (received) => (trailers = received));
  onward.on("response", (received) => {
    const { ":status": status, "content-type": answered, ...more } = received;
    const shown = Object.fromEntries(Object.entries(more).filter(([name]) => name.startsWith("grpc-")));
    stream.respond({ ":status": status, "content-type": answered, ...shown }, { waitForTrailers: true });
    stream.on("wantTrailers", () => {
      const last = Object.entries(trailers).filter(([name]) => name.startsWith("grpc-"));
      stream.sendTrailers(Object.fromEntries(last));
    });
    onward.pipe(stream);
  });
  for (const [one, other] of [
    [stream, onward],
    [onward, stream],
  ] as const) {
    one.on("error", () => other.close());
    one.on("aborted", () => other.close());
  }
}
