/** A syslog receiver, and a reader of what it got that shares nothing with what sends: written from RFC 5424 and RFC 6587. */
import { once } from "node:events";
import { createServer as createPlainServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { KeyPair } from "../support/certificates.ts";

export interface SyslogReceiver extends AsyncDisposable {
  readonly port: number;
  /** What came over the connection of now, after those that were cut. */
  readonly text: string;
  until(isMet: (text: string) => boolean): Promise<void>;
  /** Ends the connection, and forgets what came over it. */
  cut(): Promise<void>;
}

export async function startSyslogReceiver(pair: KeyPair | undefined): Promise<SyslogReceiver> {
  let text = "";
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (const look of waiting) look();
    });
  };
  const server =
    pair === undefined ? createPlainServer(accept) : createTlsServer({ cert: pair.certPem, key: pair.keyPem }, accept);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, // it listens on a port
    get text() {
      return text;
    },
    until: (isMet) =>
      new Promise((resolve) => {
        const look = () => {
          if (!isMet(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async cut() {
      const closed = Array.from(sockets, (socket) => once(socket, "close"));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
      text = "";
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export interface SyslogMessage {
  readonly priority: number;
  readonly timestamp: string;
  readonly host: string;
  readonly application: string;
  readonly processId: string;
  readonly messageId: string;
  readonly structuredData: string;
  readonly message: string;
}

/** Reads frames `LENGTH SP MESSAGE` and the messages in them; raises for anything else. */
export function parseSyslog(text: string): SyslogMessage[] {
  const messages: SyslogMessage[] = [];
  for (let at = 0; at < text.length;) {
    const blank = text.indexOf(" ", at);
    const digits = text.slice(at, blank);
    if (!/^[1-9]\d*$/.test(digits))
      throw new Error(`a frame must begin with its length, not ${JSON.stringify(digits)}`);
    const end = blank + 1 + Number(digits);
    if (end > text.length) break;
    messages.push(parseMessage(text.slice(blank + 1, end)));
    at = end;
  }
  return messages;
}

function parseMessage(text: string): SyslogMessage {
  const header = /^<(\d{1,3})>1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) /.exec(text);
  if (header === null) throw new Error(`no header of RFC 5424: ${text.slice(0, 100)}`);
  const [whole, priority, timestamp = "", host = "", application = "", processId = "", messageId = ""] = header;
  let at = whole.length;
  const from = at;
  while (text[at] === "[") {
    at += 1;
    let quoted = false;
    for (; text[at] !== "]" || quoted; at++) {
      if (at >= text.length) throw new Error("structured data must end");
      if (text[at] === "\\") at += 1;
      else if (text[at] === '"') quoted = !quoted;
    }
    at += 1;
  }
  if (text[at] !== " ") throw new Error("a blank must follow structured data");
  return {
    priority: Number(priority),
    timestamp,
    host,
    application,
    processId,
    messageId,
    structuredData: text.slice(from, at),
    message: text.slice(at + 1),
  };
}
