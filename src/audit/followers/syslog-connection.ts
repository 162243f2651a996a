/**
 * Syslog over TCP, or TLS (RFC 5425). The protocol has no receipts: what was handed to the system counts as delivered once the
 * connection has held for a while (the follower's `doubtMs`), and is sent again if it has not.
 */
import { connect as connectPlain } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Destination, OutgoingRecord } from "./destination.ts";
import { syslogFrame } from "./syslog-message.ts";
import type { SyslogNames } from "./syslog-message.ts";

export interface SyslogReceiver {
  readonly host: string;
  readonly port: number;
  /** Undefined: TCP in clear. */
  readonly tls:
    | {
        readonly ca: Buffer | undefined;
        readonly certificate: { readonly cert: Buffer; readonly key: Buffer } | undefined;
        readonly serverName: string | undefined;
      }
    | undefined;
}

const connectMsMax = 10_000;
/** A receiver that takes nothing for so long is as good as away. */
const writeMsMax = 30_000;

export class SyslogConnection implements Destination {
  readonly #receiver: SyslogReceiver;
  readonly #names: SyslogNames;
  readonly #now: () => Date;
  #socket: Socket | undefined;
  /** Why the connection ended, when it did between two deliveries. */
  #ended: Error | undefined;

  constructor(receiver: SyslogReceiver, names: SyslogNames, now: () => Date) {
    this.#receiver = receiver;
    this.#names = names;
    this.#now = now;
  }

  async deliver(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<void> {
    const socket = await this.#connected(signal);
    const frames = records.map((record) => syslogFrame(record, this.#names, this.#now())).join("");
    await this.#write(socket, frames, signal);
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once("close", () => resolve());
    socket.setTimeout(connectMsMax, () => socket.destroy());
    socket.end();
    // Who answers nothing to the end of a connection keeps nobody waiting.
    socket.resume();
    setTimeout(() => socket.destroy(), 1000).unref();
    await promise;
  }

  async #connected(signal: AbortSignal): Promise<Socket> {
    const ended = this.#ended;
    this.#ended = undefined;
    // Told once, so that what is in doubt is sent again over the next connection.
    if (ended !== undefined) throw failed("must keep the connection", ended);
    return (this.#socket ??= await this.#connect(signal));
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const { host, port, tls } = this.#receiver;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket =
      tls === undefined
        ? connectPlain({ host, port }, resolve)
        : connectTls(
            {
              host,
              port,
              ...(tls.ca !== undefined && { ca: tls.ca }),
              ...tls.certificate,
              servername: tls.serverName ?? host,
              minVersion: "TLSv1.2",
            },
            resolve,
          );
    const give = AbortSignal.any([signal, AbortSignal.timeout(connectMsMax)]);
    const onAbort = () => socket.destroy(new Error("no connection in time"));
    give.addEventListener("abort", onAbort, { once: true });
    socket.once("error", reject);
    try {
      await promise;
    } catch (error) {
      throw failed("must be reachable", error);
    } finally {
      give.removeEventListener("abort", onAbort);
      socket.off("error", reject);
    }
    this.#watch(socket);
    return socket;
  }

  /** Nothing is expected from the other side but the end. */
  #watch(socket: Socket): void {
    let reason: Error = new Error("closed by the receiver");
    socket.on("error", (error) => (reason = error));
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#ended = reason;
    });
    socket.resume();
  }

  async #write(socket: Socket, frames: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const give = AbortSignal.any([signal, AbortSignal.timeout(writeMsMax)]);
    const onAbort = () => socket.destroy(new Error("nothing taken in time"));
    const onClose = () => reject(new Error("the connection ended"));
    give.addEventListener("abort", onAbort, { once: true });
    socket.once("close", onClose);
    socket.write(frames, "latin1", (error) => (error ? reject(error) : resolve()));
    try {
      await promise;
    } catch (error) {
      this.#ended = undefined;
      throw failed("must take what is sent", error);
    } finally {
      give.removeEventListener("abort", onAbort);
      socket.off("close", onClose);
    }
  }
}

function failed(what: string, cause: unknown): StrongroomError {
  return new StrongroomError("unavailable", `the syslog receiver ${what}`, { cause });
}
