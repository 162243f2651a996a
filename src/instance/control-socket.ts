/**
 * A socket in the data directory by which `strongroom kubeconfig` asks the running
 * server for a client certificate. Whoever may open it (the directory is 0700, the
 * socket 0600) may read the data directory anyway; it is the host's authority, and
 * works when every certificate has expired.
 */
import { chmod, unlink } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { BackupLock } from "../backup/age-file.ts";
import { readBody } from "../doors/http/body.ts";
import { StrongroomError, isStrongroomError } from "../errors/strongroom-error.ts";
import { readAuditRequest } from "./audit-access.ts";
import type { AskAudit, AuditAnswer, AuditRequest } from "./audit-access.ts";
import type { IssueKubeconfig } from "./audited-issuance.ts";
import { backupRequestOf, readBackupRequest } from "./backup-access.ts";
import type { MakeBackup } from "./backup-access.ts";
import type { ClientCertificateRequest } from "./client-certificate-request.ts";
import type { EncryptionAnswers } from "./encryption-answers.ts";
import type { EncryptionStatus } from "./encryption-service.ts";
import type { EncryptionStatement } from "./encryption-statement.ts";
import type { TokenKeyState } from "../identity/tokens/token-key-ring.ts";
import { readTokenKeysRequest } from "./token-keys.ts";
import type { ManageTokenKeys, TokenKeysRequest } from "./token-keys.ts";

const keysPath = "/token-keys";
const auditPath = "/audit";
const backupPath = "/backup";
const encryptionPath = "/encryption";
const statementPath = "/encryption/statement";
const socketName = "control.sock";
/** Longest path of a unix socket that every system takes. */
const socketPathMax = 103;
const bodyBytesMax = 64 * 1024;
/** What is told of many resources under many keys is longer than what is asked. */
const answerBytesMax = 4 * 1024 * 1024;

/** What whoever may open the data directory can have done by the server that runs on it. */
export interface HostAbilities {
  readonly issue: IssueKubeconfig;
  readonly keys: ManageTokenKeys;
  readonly audit: AskAudit;
  readonly backup: MakeBackup;
  readonly encryption: EncryptionAnswers;
}

/** Listens; a path that is too long for a socket is `unavailable`. */
export async function openControlSocket(dataDir: string, abilities: HostAbilities): Promise<AsyncDisposable> {
  const path = socketPath(dataDir);
  if (path === undefined) throw new StrongroomError("unavailable", "the path of the data directory must be shorter");
  await unlink(path).catch(ignoreMissing); // left by a killed server; the store's lock says that none runs
  const server = createServer((request, response) => {
    if (request.url === backupPath) return void sendBackup(request, response, abilities.backup);
    answer(request, abilities).then(
      (text) => response.writeHead(200).end(text),
      (error: unknown) => response.writeHead(isStrongroomError(error, "unavailable") ? 503 : 400).end(toldOf(error)),
    );
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  await chmod(path, 0o600);
  return { [Symbol.asyncDispose]: () => closeServer(server) };
}

function toldOf(error: unknown): string {
  return error instanceof StrongroomError ? error.message : "failed";
}

/** What fails before the first piece is told; what fails later cuts the answer, which its reader notices. */
async function sendBackup(request: IncomingMessage, response: ServerResponse, backup: MakeBackup): Promise<void> {
  try {
    const asked: unknown = JSON.parse((await readBody(request, bodyBytesMax)).toString("utf8"));
    const pieces = backup(readBackupRequest(asked));
    const first = await pieces.next();
    response.writeHead(200);
    if (first.done !== true) response.write(first.value);
    await pipeline(pieces, response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else response.writeHead(isStrongroomError(error, "invalid") ? 400 : 503).end(toldOf(error));
  }
}

async function answer(request: IncomingMessage, { issue, keys, audit, encryption }: HostAbilities): Promise<string> {
  const asked: unknown = JSON.parse((await readBody(request, bodyBytesMax)).toString("utf8"));
  if (request.url === keysPath) return JSON.stringify(await keys(readTokenKeysRequest(asked)));
  if (request.url === auditPath) return JSON.stringify(await audit(readAuditRequest(asked)));
  if (request.url === encryptionPath) return JSON.stringify(await encryption.status());
  if (request.url === statementPath) return JSON.stringify(await encryption.statement(readKey(asked)));
  const { user, groups, ttlSeconds } = asked as Partial<ClientCertificateRequest>; // checked next
  if (typeof user !== "string" || typeof ttlSeconds !== "number" || !Array.isArray(groups)) {
    throw new StrongroomError("invalid", "the request must name a user, groups and a life in seconds");
  }
  return issue({ user, ttlSeconds, groups: groups.map(String) });
}

function readKey(asked: unknown): string {
  const { key } = Object(asked) as { readonly key?: unknown }; // checked next
  if (typeof key === "string") return key;
  throw new StrongroomError("invalid", "the request must name a key");
}

/** Asks the server that runs on a data directory; undefined when none does. */
export function askControlSocket(dataDir: string, asked: ClientCertificateRequest): Promise<string | undefined> {
  return ask(dataDir, "/kubeconfig", asked);
}

/** The same for the keys of tokens. Raises `invalid` for what the server refuses. */
export async function askForTokenKeys(dataDir: string, asked: TokenKeysRequest): Promise<TokenKeyState[] | undefined> {
  const answered = await ask(dataDir, keysPath, asked);
  return answered === undefined ? undefined : (JSON.parse(answered) as TokenKeyState[]); // our own server's answer
}

/** The same for the audit log. */
export async function askForAudit(dataDir: string, asked: AuditRequest): Promise<AuditAnswer | undefined> {
  const answered = await ask(dataDir, auditPath, asked);
  return answered === undefined ? undefined : (JSON.parse(answered) as AuditAnswer); // our own server's answer
}

/** The same for how things are encrypted. */
export async function askForEncryption(dataDir: string): Promise<EncryptionStatus | undefined> {
  const answered = await ask(dataDir, encryptionPath, {});
  return answered === undefined ? undefined : (JSON.parse(answered) as EncryptionStatus); // our own server's answer
}

/** The same for a statement that nothing is left under a key. Raises `invalid`, saying what is. */
export async function askForStatement(dataDir: string, key: string): Promise<EncryptionStatement | undefined> {
  const answered = await ask(dataDir, statementPath, { key });
  return answered === undefined ? undefined : (JSON.parse(answered) as EncryptionStatement); // our own server's answer
}

/** The same for a backup, in pieces. Raises `unavailable` when the server ends before it is whole. */
export async function askForBackup(dataDir: string, lock: BackupLock): Promise<AsyncIterable<Uint8Array> | undefined> {
  const response = await send(dataDir, backupPath, backupRequestOf(lock));
  return response === undefined ? undefined : untilItsEnd(response);
}

async function* untilItsEnd(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of response) yield piece as Uint8Array; // no encoding was set
  } catch (cause) {
    const text = "the server must make the backup to its end: its log says why it did not";
    throw new StrongroomError("unavailable", text, { cause });
  }
}

async function ask(dataDir: string, path: string, asked: object): Promise<string | undefined> {
  const response = await send(dataDir, path, asked);
  return response === undefined ? undefined : (await readBody(response, answerBytesMax)).toString("utf8");
}

/** The answer; undefined when no server runs. Raises `invalid` with what the server says, where it refuses. */
async function send(dataDir: string, path: string, asked: object): Promise<IncomingMessage | undefined> {
  const socket = socketPath(dataDir);
  if (socket === undefined) return undefined;
  const response = await new Promise<IncomingMessage | undefined>((resolve, reject) => {
    // Without an agent: it would keep the connection, and ask a server on it that has stopped since.
    const options = { socketPath: socket, method: "POST", path, agent: false } as const;
    const request = httpRequest(options, resolve);
    request.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" || error.code === "ECONNREFUSED" ? resolve(undefined) : reject(error),
    );
    request.end(JSON.stringify(asked));
  });
  if (response === undefined || response.statusCode === 200) return response;
  const code = response.statusCode === 503 ? "unavailable" : "invalid";
  throw new StrongroomError(code, (await readBody(response, bodyBytesMax)).toString("utf8"));
}

function socketPath(dataDir: string): string | undefined {
  const path = join(dataDir, socketName);
  return Buffer.byteLength(path) > socketPathMax ? undefined : path;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // Whoever connected and asks nothing must not hold up the stop.
    server.closeAllConnections();
  });
}
