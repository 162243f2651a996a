/** Clients of all kinds at work on one server, and what each of them was given. */
import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { ClientCredentials } from "../running-server.ts";
import { anyRequest, anyUserAgent, anyWatch } from "./requests.ts";
import type { Asked } from "./requests.ts";
import type { MarkedValues } from "./marked-values.ts";
import type { Entry } from "./transcript.ts";
import { overHttp1, overHttp2 } from "./transports.ts";
import type { Transport } from "./transports.ts";

/** Somebody who asks. */
export interface Caller {
  readonly username: string;
  readonly credentials: ClientCredentials;
  readonly token?: string;
  readonly impersonates?: string;
}

export interface Load {
  readonly entries: Entry[];
  /** Secrets that one request each was to create, by name: the id of that. */
  readonly created: Map<string, string>;
  /** Resolves when so many requests have been answered; also when the server has gone before. */
  answered(count: number): Promise<void>;
  /** Sends no more; resolves when all answers have ended, however. */
  stop(): Promise<void>;
}

const watchers = 4;

interface Client extends Caller {
  readonly transport: Transport;
}

/** Starts `workers` loops that ask, and some that watch. */
export function startLoad(options: {
  readonly url: string;
  readonly callers: readonly Caller[];
  readonly values: MarkedValues;
  readonly workers: number;
}): Load {
  const { url, callers, values } = options;
  const clients = callers.flatMap((caller): Client[] => [
    { ...caller, transport: overHttp1(url, caller.credentials) },
    { ...caller, transport: overHttp2(url, caller.credentials) },
  ]);
  const entries: Entry[] = [];
  const created = new Map<string, string>();
  const stopping = new AbortController();
  let onAnswer: () => void = () => {};

  const ask = async (asked: Asked) => {
    const client = clients[randomInt(clients.length)];
    if (client === undefined) throw new RangeError("there must be clients");
    const entry = await send(client, asked, values);
    entries.push(entry);
    if (asked.onceName !== undefined) created.set(asked.onceName, entry.auditId);
    onAnswer();
    // Nobody answers while the server is away.
    if (entry.status === undefined) await pause(5);
  };
  const work = async (make: () => Asked) => {
    while (!stopping.signal.aborted) await ask(make());
  };
  const running = [
    ...Array.from({ length: options.workers }, () => work(() => anyRequest(values))),
    ...Array.from({ length: watchers }, () => work(anyWatch)),
  ];
  return {
    entries,
    created,
    async answered(count) {
      while (entries.filter(({ status }) => status !== undefined).length < count) {
        await new Promise<void>((resolve) => (onAnswer = resolve));
      }
    },
    async stop() {
      stopping.abort();
      await Promise.all(running);
      for (const { transport } of clients) transport.close();
    },
  };
}

async function send(client: Client, asked: Asked, values: MarkedValues): Promise<Entry> {
  const auditId = randomUUID();
  const userAgent = anyUserAgent();
  const headers = {
    ...asked.headers,
    "Audit-Id": auditId,
    "User-Agent": userAgent,
    ...(client.token !== undefined && { Authorization: `Bearer ${client.token}` }),
    ...(client.impersonates !== undefined && { "Impersonate-User": client.impersonates }),
  };
  const { method, path, body, hangsUp } = asked;
  const received = await client.transport.send({ method, path, headers, body, ...(hangsUp === true && { hangsUp }) });
  return {
    auditId,
    what: asked.what,
    username: client.username,
    impersonated: client.impersonates,
    userAgent,
    status: received.status,
    isWhole: received.isWhole,
    values: values.seenIn(received.bytes),
  };
}
